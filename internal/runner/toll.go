package runner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// toll measures what each level costs. A launch has rounds of slots, and in a slot one arm takes all the load while the
// others are parked; or the arms of a round alternate in slices of their slots. There are toll.launches launches, and more while a
// look finds a budget open (see look).
func (r *run) toll(ctx context.Context) error {
	plan := rand.New(rand.NewPCG(uint64(r.Seed), 0x746f6c6c))
	arms, scrape := r.TollSpecs()
	began := time.Now()
	most, each := r.MostLaunches(), r.Toll.Rounds*r.Slices()
	all := orders(plan, len(arms), most*each)
	setUps := rand.New(rand.NewPCG(uint64(r.Seed), 0x7365747570))
	turns := rand.New(rand.NewPCG(uint64(r.Seed), 0x69646c65))    // of the arms at rest; a source of its own, so that the plan of the rounds does not depend on it
	profiled := rand.New(rand.NewPCG(uint64(r.Seed), 0x63707570)) // likewise, of the CPU profiles
	for launch := range most {
		rounds := slices.Collect(slices.Chunk(all[launch*each:(launch+1)*each], r.Slices()))
		w := warm{specs: arms, scrape: scrape, why: "each process starts, trains or loads its data, and connects", rate: r.Toll.Rate}
		w.varied, w.swapped = vary(setUps, arms)
		err := r.deployWarm(ctx, w, func(ctx context.Context, launch int, arms []testenv.Arm) error {
			if err := r.idle(ctx, launch, arms, r.restOrders(turns, len(arms))); err != nil {
				return err
			}
			if err := r.rounds(ctx, launch, arms, rounds); err != nil {
				return err
			}
			return r.cpuProfiles(ctx, launch, arms, profiled.Perm(len(arms)))
		})
		if err != nil {
			return err
		}
		if more, err := r.more(launch+1, time.Since(began)); err != nil || !more {
			return err
		}
		r.soFar()
	}
	return nil
}

// more says whether the toll needs another launch after so many, which took so long in all.
func (r *run) more(launches int, took time.Duration) (bool, error) {
	if len(r.Toll.Resolve) == 0 {
		return r.look(launches)
	}
	done, err := r.resolved(launches, took)
	return !done, err
}

// restOrders are the orders of the arms, one for each piece of the time at rest.
func (r *run) restOrders(turns *rand.Rand, arms int) [][]int {
	if r.Toll.Idle == 0 {
		return nil
	}
	if r.Slice() == 0 {
		return [][]int{turns.Perm(arms)}
	}
	return orders(turns, arms, max(1, int(r.Toll.Idle/r.Slice())))
}

// warm is a launch whose arms are warmed up before they are used.
type warm struct {
	varied, specs []testenv.ArmSpec // in the order of deployment, and in that in which they are used
	swapped       bool              // the baseline and its repetition, see vary
	scrape        time.Duration     // how often they are scraped; 0: telemetry.scrape_interval
	why           string
	rate          float64
}

// deployWarm launches arms, warms them up in the order of deployment, and calls use with them and the launch's number.
func (r *run) deployWarm(ctx context.Context, w warm, use func(ctx context.Context, launch int, arms []testenv.Arm) error) error {
	spec := testenv.Spec{Launch: r.launched, Arms: w.varied, Scrape: w.scrape, Standstill: r.Standstill()}
	return r.deploy(ctx, spec, w.swapped, w.why, func(ctx context.Context, deployed []testenv.Arm) error {
		if err := r.warmUp(ctx, spec.Launch, deployed, w.rate); err != nil {
			return err
		}
		return use(ctx, spec.Launch, inOrder(deployed, w.specs))
	})
}

// warmUp loads one arm after the other, unrecorded, and parks it: connections are made, journeys are in full swing.
func (r *run) warmUp(ctx context.Context, launch int, arms []testenv.Arm, rate float64) error {
	r.Progress.Begin("warm-up", time.Duration(len(arms))*r.Toll.Warmup, "journeys reach their full rate; not recorded")
	for i := range arms {
		if r.Toll.Warmup > 0 {
			order := slot.Order{
				Phase: slot.Warmup, Launch: launch, Targets: targets(arms[i : i+1]), Duration: r.Toll.Warmup, Rate: rate,
			}
			if _, err := r.conductor.do(ctx, order); err != nil {
				return err
			}
		}
		r.Progress.Advance(time.Duration(i+1) * r.Toll.Warmup)
	}
	for _, arm := range arms {
		if err := arm.Park(); err != nil {
			return err
		}
	}
	r.Progress.End("")
	return nil
}

// rounds measures all rounds of one launch. Each has as many orders of the arms as a slot has slices.
func (r *run) rounds(ctx context.Context, launch int, arms []testenv.Arm, rounds [][][]int) (err error) {
	length := time.Duration(len(arms)) * (r.Toll.Slot + r.Telemetry.BatchDelay*3) // about: with its drain
	how := fmt.Sprintf("%d rounds of %d slots, one arm at a time", len(rounds), len(arms))
	if slice := r.Slice(); slice > 0 {
		how += fmt.Sprintf(" for %v", slice)
	}
	r.Progress.Begin(fmt.Sprintf("toll, launch %d of %d", launch+1, max(launch+1, r.Toll.Launches)), time.Duration(len(rounds))*length, how)
	volumes := newVolumes(launch, arms)
	defer func() { err = errors.Join(err, volumes.write(r.dir)) }()
	all := make([]*books, len(arms))
	for _, i := range rounds[0][0] {
		err := parkedAfter(arms[i], func() (err error) {
			all[i], err = openBooks(ctx, arms[i], volumes.of[i])
			return err
		})
		if err != nil {
			return err
		}
	}
	before := ""
	for round, orders := range rounds {
		s := result.Slot{Phase: slot.Toll, Launch: launch, Round: round, Before: before}
		load := func(a *account, last bool) error { return r.load(ctx, a, r.order(a.arm, a.Slot, last)) }
		err := r.pieces(ctx, s, all, orders, load, func(done float64) {
			r.Progress.Advance(time.Duration((float64(round) + done) * float64(length)))
		})
		if err != nil {
			return err
		}
		before = arms[orders[0][len(arms)-1]].Name()
		if round < len(rounds)-1 {
			r.firmsUp()
		}
	}
	r.Progress.End("")
	return nil
}

// pieces gives every arm its slot of one round, in as many pieces as there are orders of the arms, and writes what it cost. A piece is
// what do has the arm do; it is told which is the arm's last. If there is one piece, the arm drains behind it, before the next arm has
// its turn. If there are more, an arm that waits is parked, what it has not done when a slice ends it does in its next one, and all arms
// drain when the round ends.
func (r *run) pieces(ctx context.Context, s result.Slot, all []*books, orders [][]int, do func(a *account, last bool) error, advance func(done float64)) error {
	accounts := make([]*account, len(all))
	for position, index := range orders[0] {
		own := s
		own.Position, own.Arm = position, all[index].arm.Name()
		switch {
		case len(orders) > 1:
			own.Slices, own.Before = len(orders), ""
		case position > 0:
			own.Before = all[orders[0][position-1]].arm.Name()
		}
		accounts[index] = all[index].account(&own)
	}
	if len(orders) == 1 {
		for n, index := range orders[0] {
			a := accounts[index]
			if err := r.whole(ctx, a, func() error { return do(a, true) }); err != nil {
				return err
			}
			advance(float64(n+1) / float64(len(all)))
		}
		return nil
	}
	for n, order := range orders {
		for _, index := range order {
			a := accounts[index]
			if err := a.chargeRun(func() error { return do(a, n == len(orders)-1) }); err != nil {
				return err
			}
		}
		advance(float64(n+1) / float64(len(orders)+1))
	}
	for _, index := range orders[0] {
		a := accounts[index]
		if err := a.chargeRun(func() error { return r.drains(ctx, a) }); err != nil {
			return err
		}
		if err := r.settle(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// whole has an arm do what its slot is made of in one piece, waits until it has drained, and writes what it cost.
func (r *run) whole(ctx context.Context, a *account, do func() error) error {
	err := a.chargeRun(func() error {
		if err := do(); err != nil {
			return err
		}
		return r.drains(ctx, a)
	})
	if err != nil {
		return err
	}
	return r.settle(ctx, a)
}

// slot gives one arm a slot of load in one piece.
func (r *run) slot(ctx context.Context, arm testenv.Arm, s *result.Slot) error {
	var a *account
	err := parkedAfter(arm, func() error {
		b, err := openBooks(ctx, arm, nil)
		if err == nil {
			a = b.account(s)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.whole(ctx, a, func() error { return r.load(ctx, a, r.order(arm, s, true)) })
}

// load gives an arm a slot of load, or a slice of one.
func (r *run) load(ctx context.Context, a *account, order slot.Order) error {
	report, err := r.conductor.do(ctx, order)
	if err != nil {
		return err
	}
	if a.Start.IsZero() {
		a.Start = report.Start
	}
	a.Order, a.End = report.Order, report.End
	a.GeneratorCPU += report.GeneratorCPU
	if a.Slices > 0 {
		a.Load += report.End.Sub(report.Start)
	}
	if order.More {
		return nil
	}
	if len(report.Arms) != 1 {
		return fmt.Errorf("runner: the load generator reported %d arms for a slot of one", len(report.Arms))
	}
	a.Work = report.Arms[0]
	return nil
}

// drains waits until an arm has drained after its slot.
func (r *run) drains(ctx context.Context, a *account) (err error) {
	from := time.Now()
	a.Drained, err = r.drain(ctx, a.arm)
	a.Drain = time.Since(from)
	return err
}

// washout is the part of a slot, or of a slice, that does not count.
func (r *run) washout() time.Duration { return r.Toll.Slot - r.Recorded() }

// order asks for a slot, or for a slice of one of the toll, which may be the last.
func (r *run) order(arm testenv.Arm, s *result.Slot, last bool) slot.Order {
	o := slot.Order{
		Phase: s.Phase, Launch: s.Launch, Round: s.Round, Position: s.Position, Main: result.Plan{Step: r.step()}.MainStep(),
		Targets: targets([]testenv.Arm{arm}), Duration: r.Toll.Slot, Washout: r.washout(), Rate: r.Toll.Rate,
	}
	for _, a := range r.TollArms() {
		if a.Held && a.Name == arm.Name() {
			o.Hold = a.Delay
		}
	}
	switch {
	case s.Phase == slot.Capacity:
		o.Duration, o.Washout, o.Rate, o.Exact = r.Capacity.Slot, r.Capacity.Washout, s.Rate, true
	case s.Slices > 1:
		o.Duration, o.More = r.Slice(), !last
	}
	return o
}

// An arm is drained when its processes together use less than idleShare of one core over idleWindow.
const (
	idleWindow = 20 * time.Millisecond
	idleShare  = 0.15
)

// drain waits until the arm has finished the work that follows its requests: first as long as a batch waits at the sender
// and at the receiver, then until its processes are back at idle CPU, for toll.drain_limit at most.
func (r *run) drain(ctx context.Context, arm testenv.Arm) (bool, error) {
	limit := time.Now().Add(r.Toll.DrainLimit)
	if err := sleep(ctx, 2*r.Telemetry.BatchDelay+idleWindow); err != nil {
		return false, err
	}
	last, err := armCPU(arm)
	if err != nil {
		return false, err
	}
	for from := time.Now(); ; {
		if err := sleep(ctx, idleWindow); err != nil {
			return false, err
		}
		now, err := armCPU(arm)
		if err != nil {
			return false, err
		}
		if share := float64(now-last) / float64(time.Since(from)); share < idleShare {
			return true, nil
		}
		if time.Now().After(limit) {
			return false, nil
		}
		last, from = now, time.Now()
	}
}

// armCPU is the CPU time of all the arm's own processes.
func armCPU(arm testenv.Arm) (time.Duration, error) {
	usage, err := arm.Usage()
	var sum time.Duration
	for service, cpu := range usage.CPU {
		if service != role.Backing {
			sum += cpu
		}
	}
	return sum, err
}

// sleep waits, or returns the cause of the context's end.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
