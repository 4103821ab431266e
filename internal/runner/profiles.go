package runner

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/secret"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/flame"
	"github.com/tollgate-dev/tollgate/testenv"
)

// profileEdge is how long an arm is under load before its profiles begin, and after they have ended.
const profileEdge = 300 * time.Millisecond

// cpuProfiles takes CPU profiles of the services of every level, under a steady load. It comes after the rounds of a launch, when
// nothing of the launch is measured any more, since a profile costs CPU time itself. The controls have none: their code is the
// baseline's.
func (r *run) cpuProfiles(ctx context.Context, launch int, arms []testenv.Arm, order []int) error {
	if r.Toll.CPUProfile == 0 || len(arms[0].Profiled()) == 0 {
		return nil
	}
	each := r.Toll.CPUProfile + 2*profileEdge + r.Telemetry.BatchDelay*3 // about: with its drain
	r.Progress.Begin("CPU profiles", time.Duration(len(r.Levels))*each, "each level in turn under load; no part of the toll")
	done, missing := 0, 0
	for _, index := range order {
		if !r.isLevel(arms[index].Name()) {
			continue
		}
		without, err := r.profileArm(ctx, launch, arms[index])
		if err != nil {
			return err
		}
		missing += without
		done++
		r.Progress.Advance(time.Duration(done) * each)
	}
	text := ""
	if missing > 0 {
		text = fmt.Sprintf("%d of %d are missing; the report says why", missing, done*len(arms[0].Profiled()))
	}
	r.Progress.End(text)
	return nil
}

// isLevel reports whether an arm of the toll stands for a level, and is no control.
func (r *run) isLevel(arm string) bool {
	return slices.ContainsFunc(r.Levels, func(l experiment.Level) bool { return l.Name == arm })
}

// profileArm takes the profiles of all services of an arm at the same time. It returns how many are missing: a profile that cannot be
// had is recorded with the reason.
func (r *run) profileArm(ctx context.Context, launch int, arm testenv.Arm) (missing int, err error) {
	if err := arm.Unpark(); err != nil {
		return 0, err
	}
	load := r.Toll.CPUProfile + 2*profileEdge
	reports, err := r.conductor.send(ctx, func() slot.Order {
		return slot.Order{Phase: slot.Warmup, Launch: launch, Targets: targets([]testenv.Arm{arm}), Duration: load, Rate: r.Toll.Rate, Exact: true}
	})
	if err != nil {
		return 0, err
	}
	if err := sleep(ctx, profileEdge); err != nil {
		return 0, err
	}
	taken, err := r.takeProfiles(ctx, arm)
	if err != nil {
		return 0, err
	}
	work := slot.ArmReport{}
	select {
	case report := <-reports:
		if len(report.Arms) != 1 {
			return 0, fmt.Errorf("runner: the load generator reported %d arms for a profile of one", len(report.Arms))
		}
		work = report.Arms[0]
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	for _, p := range taken {
		p.Launch, p.Arm, p.Load, p.Sent, p.Failed = launch, arm.Name(), load, work.Sent, min(work.Failed, work.Sent)
		if p.Missing != "" {
			missing++
		}
		if err := r.dir.CPUProfile(p); err != nil {
			return 0, err
		}
	}
	if _, err := r.drain(ctx, arm); err != nil {
		return 0, err
	}
	return missing, arm.Park()
}

// takeProfiles asks all services of an arm for their profiles, which begin at about the same moment. It reads the CPU time meanwhile.
func (r *run) takeProfiles(ctx context.Context, arm testenv.Arm) ([]result.CPUProfile, error) {
	before, err := arm.Usage()
	if err != nil {
		return nil, err
	}
	services := arm.Profiled()
	out := make([]result.CPUProfile, len(services))
	var asked sync.WaitGroup
	for i, service := range services {
		out[i] = result.CPUProfile{Service: service, Start: time.Now(), Length: r.Toll.CPUProfile}
		asked.Go(func() { out[i].Text, out[i].Missing = oneProfile(ctx, arm, service, r.Toll.CPUProfile) })
	}
	err = sleep(ctx, r.Toll.CPUProfile)
	after := before
	if err == nil {
		after, err = arm.Usage()
	}
	asked.Wait()
	if err != nil {
		return nil, err
	}
	for i, service := range services {
		out[i].CPU = result.Increase(before.CPU[service], after.CPU[service])
	}
	return out, nil
}

// oneProfile returns a profile that can be read, or why there is none.
func oneProfile(ctx context.Context, arm testenv.Arm, service string, length time.Duration) (text []byte, missing string) {
	text, err := arm.CPUProfile(ctx, service, length)
	if err == nil && len(text) > result.MostProfile {
		err = fmt.Errorf("the CPU profile has %d bytes, more than %d", len(text), result.MostProfile)
	}
	if err == nil {
		_, err = flame.Read(text)
	}
	if err != nil {
		const most = 300
		return nil, fmt.Sprintf("%.*s", most, secret.Hide(err.Error()))
	}
	return text, ""
}
