package engine

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Parking takes the containers of one arm out of the competition for the machine, and brings them back. In the zero value
// nothing is parked.
type Parking struct{ parked atomic.Bool }

// Parked reports whether the containers stand still.
func (p *Parking) Parked() bool { return p.parked.Load() }

// Park freezes the containers.
func (p *Parking) Park(containers []*Container) error {
	p.parked.Store(true)
	return each(containers, func(m *Meter) error { return m.Freeze(context.Background()) })
}

// Unpark lets them go on; unless they are parked it does nothing.
func (p *Parking) Unpark(containers []*Container) error {
	if !p.parked.Swap(false) {
		return nil
	}
	return each(containers, func(m *Meter) error { return m.Thaw(context.Background()) })
}

func each(containers []*Container, do func(*Meter) error) error {
	var group errgroup.Group
	for _, c := range containers {
		group.Go(func() error { return do(c.Meter) })
	}
	return group.Wait()
}
