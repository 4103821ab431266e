// Package links makes the links between the parts of an arm: small proxies on which faults act. A link behaves on the network
// as Toxiproxy does, whose engine it is, and it understands HTTP if the service behind it speaks HTTP. While no lever is
// pulled, it changes nothing.
package links

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Link is one link that is open.
type Link struct {
	Service string // behind it
	Addr    string // host:port at which it takes connections

	target *url.URL
	token  string // with which connections to the target begin, if it speaks no HTTP; "": with nothing
	wire   *wire
	web    *web // nil: it does not speak HTTP
}

// Lever is a lever of a link, or a question to it; a function that is nil does not exist.
type Lever struct {
	Name string // of package lever
	// Force pulls the lever, or changes its parameters. It returns the idempotent heal. Its errors are about the parameters.
	Force func(params json.RawMessage) (heal func(), err error)
	// Ask answers what the lever does now.
	Ask func(ctx context.Context) (any, error)
}

// Open opens a link. The token is what connections to a store begin with (role.Gate); the link itself needs it only to measure.
// The seed decides which requests a share of requests has.
func Open(config role.Link, token string, seed int64) (*Link, error) {
	target, err := url.Parse(config.Target)
	if err != nil {
		return nil, fmt.Errorf("link to %s: %w", config.Service, err)
	}
	l := &Link{Service: config.Service, target: target, token: token}
	listen := config.Listen
	if l.http() {
		listen = role.DefaultListen // only the half that understands HTTP connects here
	}
	if l.wire, err = openWire(config.Service, listen, target.Host); err != nil {
		return nil, fmt.Errorf("link to %s: %w", config.Service, err)
	}
	l.Addr = l.wire.addr()
	if l.http() {
		if l.web, err = openWeb(config.Listen, target, l.wire, seed); err != nil {
			return nil, errors.Join(fmt.Errorf("link to %s: %w", config.Service, err), l.Close())
		}
		l.Addr = l.web.addr
	}
	return l, nil
}

func (l *Link) http() bool { return l.target.Scheme == "http" }

// Levers are the levers of the link.
func (l *Link) Levers() []Lever {
	all := append(l.wire.levers(), Lever{Name: lever.RoundTrip, Ask: l.roundTrip})
	if l.web != nil {
		all = append(all, l.web.levers()...)
	}
	return all
}

// Close ends the link and every connection through it.
func (l *Link) Close() error {
	var err error
	if l.web != nil {
		err = l.web.close()
	}
	l.wire.close()
	return err
}

// decode reads parameters, refusing unknown ones.
func decode(params json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(params))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
