package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/links"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// newLinks makes the links between the parts of an arm. The levers of a link are endpoints below the name of its service.
func newLinks(_ context.Context, cfg Config, _ *telemetry) (parts, error) {
	var open []*links.Link
	end := func() error {
		var errs []error
		for _, link := range open {
			errs = append(errs, link.Close())
		}
		return errors.Join(errs...)
	}
	p := parts{addrs: map[string]string{}, close: func(context.Context) error { return end() }}
	for _, config := range cfg.Links {
		link, err := links.Open(config, cfg.BackingToken, cfg.Seed)
		if err != nil {
			return parts{}, errors.Join(err, end())
		}
		open = append(open, link)
		p.addrs[role.LinkAddr(link.Service)] = link.Addr
		for _, l := range link.Levers() {
			p.endpoints = append(p.endpoints, endpointOf(link.Service, l))
		}
	}
	return p, nil
}

func endpointOf(service string, l links.Lever) endpoint {
	e := endpoint{name: lever.At(service, l.Name)}
	if l.Force != nil {
		e.force = func(params json.RawMessage) (func(), error) {
			heal, err := l.Force(params)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errParams, err)
			}
			return heal, nil
		}
	}
	if l.Ask != nil {
		e.act = func(ctx context.Context, params json.RawMessage) (any, error) {
			if err := decode(params, &struct{}{}); err != nil {
				return nil, err
			}
			return l.Ask(ctx)
		}
	}
	return e
}
