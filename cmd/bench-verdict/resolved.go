package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// resolveMost is how many launches a simulated run has at most, resolveLeast how many at least.
const (
	resolveLeast = 3
	resolveMost  = 24
)

// resolveRounds are those of a launch, as in the profile pr.
const resolveRounds = 6

// wanted is a resolution that a simulated run goes on for.
type wanted struct {
	metric int // of measuredBy
	half   float64
}

func (w wanted) String() string { return fmt.Sprintf("%s %.0f%%", measuredBy()[w.metric], 100*w.half) }

// resolutions are the simulated ones: such that some runs end at the first time that they may, and such that take many launches.
func resolutions() []wanted {
	return []wanted{{0, 0.06}, {0, 0.04}, {0, 0.03}, {1, 0.15}, {1, 0.10}, {2, 0.06}, {2, 0.04}}
}

// resolveCount counts how the runs of one resolution ended.
type resolveCount struct {
	reached, launches  int
	repeat, level, end int // intervals that hold the truth: of the runs that reached it; end: of the level, of all runs
}

// simulateResolve counts how often the 95 % intervals hold the truth when their widths decide when a run ends.
func simulateResolve(ctx context.Context, o simulateOptions) (*table, error) {
	t := &table{
		title: "Simulation in slices: intervals of a run that ends when they are narrow enough",
		header: []string{"machine", "--resolve", "true cost", "reached", "mean launches", "coverage: level", "where reached: level",
			"where reached: repeated baseline"},
		notes: []string{fmt.Sprintf("%d runs each, of launches of %d rounds of four arms, at least %d and at most %d. A run ends when the half-widths of the level and of the repeated "+
			"baseline are both at most what is wanted. A true 95 %% comes out with a standard error of %.1f points where all runs reach it.",
			o.runs, resolveRounds, resolveLeast, resolveMost, 100*math.Sqrt(0.95*0.05/float64(o.runs)))},
	}
	type job struct {
		machine host
		want    wanted
		cost    float64
	}
	var jobs []job
	for _, m := range hosts() {
		for i, want := range resolutions() {
			jobs = append(jobs, job{m, want, []float64{0, gateLimit}[i%2]})
		}
	}
	counts := make([]resolveCount, len(jobs))
	if err := parallel(ctx, len(jobs), func(i int) {
		j := jobs[i]
		seed := stream(o.seed, 5, uint64(i))
		for run := range o.runs {
			counts[i].run(rand.New(rand.NewPCG(seed, uint64(run))), j.machine, j.want, j.cost, o.resamples)
		}
	}); err != nil {
		return nil, err
	}
	for i, j := range jobs {
		c := counts[i]
		t.add(j.machine.name, j.want.String(), signed(j.cost), of(c.reached, o.runs), fmt.Sprintf("%.1f", float64(c.launches)/float64(o.runs)),
			share(c.end, float64(o.runs)), share(c.level, float64(c.reached)), share(c.repeat, float64(c.reached)))
	}
	return t, nil
}

// run makes one run, as long as the widths of its intervals ask for.
func (c *resolveCount) run(rng *rand.Rand, m host, want wanted, truth float64, resamples int) {
	values := m.draw(rng, plan{resolveMost, resolveRounds, slicedArms, 0.5, 0.1})
	values.cost(delayed, math.Log1p(delayedBy))
	values.cost(judged, math.Log1p(truth))
	seed := rng.Uint64()
	wide := func(i stats.Interval) bool { return !(math.Expm1(i.Hi)-math.Expm1(i.Lo) <= 2*want.half) }
	for launches := resolveLeast; ; launches++ {
		e := estimatesOf(values.upTo(launches)[want.metric], resamples)
		level, repeat := e.level(shown, seed), stats.Interval{}
		reached := !wide(level)
		if reached || launches == resolveMost {
			repeat = e.repeat(shown, seed)
			reached = reached && !wide(repeat)
		}
		if !reached && launches < resolveMost {
			continue
		}
		c.launches += launches
		holds := !level.Excludes(math.Log1p(truth))
		if holds {
			c.end++
		}
		if reached {
			c.reached++
			if holds {
				c.level++
			}
			if !repeat.Excludes(0) {
				c.repeat++
			}
		}
		return
	}
}
