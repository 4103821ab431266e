package runner

import (
	"context"
	"errors"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/volume"
)

// volumes are what the telemetry of the arms is made of in one launch, in the order of its arms; nil for an arm that cannot tell.
type volumes struct{ of []*armVolume }

// armVolume is that of one arm. A nil one does nothing.
type armVolume struct {
	arm   testenv.Exporting
	kept  []volume.Export // of the slot that is over
	tally *volume.Tally
	sum   result.Volume // of the slots, without the parts
}

func newVolumes(launch int, arms []testenv.Arm) volumes {
	v := volumes{make([]*armVolume, len(arms))}
	for i, arm := range arms {
		if exporting, ok := deployedAs(arm).(testenv.Exporting); ok {
			v.of[i] = &armVolume{arm: exporting, tally: volume.NewTally(arm.Name()), sum: result.Volume{Launch: launch, Arm: arm.Name()}}
		}
	}
	return v
}

// write writes what was added up.
func (v volumes) write(dir *result.Writer) error {
	var errs []error
	for _, a := range v.of {
		if a != nil && a.sum.Requests > 0 {
			of := a.tally.Volume()
			of.Launch, of.Arm, of.Requests, of.Bytes = a.sum.Launch, a.sum.Arm, a.sum.Requests, a.sum.Bytes
			errs = append(errs, dir.Volume(of))
		}
	}
	return errors.Join(errs...)
}

// begin reads an arm's telemetry at the beginning of a slot.
func (a *armVolume) begin(ctx context.Context, arm testenv.Arm) (result.Telemetry, error) {
	if a == nil {
		return arm.Telemetry(ctx)
	}
	return a.arm.KeepExports(ctx)
}

// end reads it again at the end, and fetches the exports between.
func (a *armVolume) end(ctx context.Context, arm testenv.Arm) (result.Telemetry, error) {
	if a == nil {
		return arm.Telemetry(ctx)
	}
	t, err := a.arm.HoldExports(ctx)
	if err != nil {
		return t, err
	}
	a.kept, err = a.arm.Exports(ctx)
	return t, err
}

// add takes the exports of a slot apart, once its arm is parked.
func (a *armVolume) add(s result.Slot) {
	if a == nil {
		return
	}
	for _, export := range a.kept {
		a.tally.Add(export)
	}
	a.kept = nil
	a.sum.Requests += s.Work.Sent
	a.sum.Bytes += s.Telemetry.Bytes
}
