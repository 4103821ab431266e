package stack

import (
	"context"
	"encoding/json"

	controls "github.com/tollgate-dev/tollgate/testenv/control"
)

// endpoint is a lever or a question of a service: see control.Endpoint. The heals of services do not fail.
type endpoint struct {
	name  string
	force func(params json.RawMessage) (heal func(), err error)
	arms  []string
	act   func(ctx context.Context, params json.RawMessage) (any, error)
}

// errParams marks an error in the caller's parameters.
var errParams = controls.ErrParams

// control is the control endpoint of a service.
type control struct{ *controls.Control }

func newControl(token string, endpoints []endpoint) *control {
	var all []controls.Endpoint
	for _, e := range endpoints {
		of := controls.Endpoint{Name: e.name, Arms: e.arms, Act: e.act}
		if e.force != nil {
			of.Force = func(params json.RawMessage) (func() error, error) {
				heal, err := e.force(params)
				if err != nil {
					return nil, err
				}
				return func() error { heal(); return nil }, nil
			}
		}
		all = append(all, of)
	}
	return &control{controls.New(token, all)}
}

// close heals everything.
func (c *control) close() { _ = c.Close() }

// decode reads the parameters of an endpoint, refusing unknown ones.
func decode(params json.RawMessage, into any) error { return controls.Decode(params, into) }
