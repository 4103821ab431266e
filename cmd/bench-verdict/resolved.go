package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// resolveMost is how many launches a simulated run has at most, resolveLeast how many at least.
const (
	resolveLeast = 3
	resolveMost  = 24
)

// resolveRounds are those of a launch, as in the profile pr.
const resolveRounds = 10

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

// ended counts how runs of one rule ended.
type ended struct {
	runs, reached, launches, level, repeat int // runs; those that reached it; launches of all; intervals that hold the truth, of all
}

// resolveCount has the runs of one machine by two rules: that it is reached once, and twice in a row, as internal/runner has it.
type resolveCount struct{ once, twice ended }

// simulateResolve counts how often the 95 % intervals hold the truth when their widths decide when a run ends.
func simulateResolve(ctx context.Context, o simulateOptions) (*markdown.Table, error) {
	var asked []string
	for _, want := range resolutions() {
		asked = append(asked, want.String())
	}
	t := &markdown.Table{
		Title:  "Simulation in slices: intervals of a run that ends when they are narrow enough",
		Header: []string{"machine", "ends when it is reached", "runs", "reached", "mean launches", "coverage: level", "repeated baseline"},
		Notes: []string{
			fmt.Sprintf("Runs of launches of %d rounds of four arms, at least %d and at most %d, of a level that costs nothing or %s. A resolution is reached when the "+
				"half-widths of the level and of the repeated baseline are both at most what is wanted: %s, %d runs of each.",
				resolveRounds, resolveLeast, resolveMost, signed(gateLimit), strings.Join(asked, ", "), o.runs),
			fmt.Sprintf("A true 95 %% comes out with a standard error of %.1f points.", 100*math.Sqrt(0.95*0.05/float64(o.runs*len(resolutions())))),
		},
	}
	all := len(resolutions())
	counts := make([]resolveCount, len(hosts())*all)
	if err := o.simulate(ctx, 5, len(counts), func(i int, rng *rand.Rand) {
		want, cost := resolutions()[i%all], []float64{0, gateLimit}[i%2]
		counts[i].run(rng, hosts()[i/all], want, cost, o.resamples)
	}); err != nil {
		return nil, err
	}
	for h, host := range hosts() {
		var sum resolveCount
		for _, c := range counts[h*all : (h+1)*all] {
			sum.once.add(c.once)
			sum.twice.add(c.twice)
		}
		t.Add(append([]string{host.name, "once"}, sum.once.cells()...)...)
		t.Add(append([]string{host.name, "twice in a row"}, sum.twice.cells()...)...)
	}
	return t, nil
}

func (e *ended) add(o ended) {
	e.runs, e.reached, e.launches, e.level, e.repeat = e.runs+o.runs, e.reached+o.reached, e.launches+o.launches, e.level+o.level, e.repeat+o.repeat
}

func (e *ended) cells() []string {
	n := float64(e.runs)
	return []string{fmt.Sprint(e.runs), share(e.reached, n), fmt.Sprintf("%.1f", float64(e.launches)/n), share(e.level, n), share(e.repeat, n)}
}

// run makes one run, as long as the widths of its intervals ask for.
func (c *resolveCount) run(rng *rand.Rand, m host, want wanted, truth float64, resamples int) {
	values := m.draw(rng, plan{resolveMost, resolveRounds, slicedArms, 0.5, 0.1})
	values.cost(delayed, math.Log1p(delayedBy))
	values.cost(judged, math.Log1p(truth))
	seed := rng.Uint64()
	inARow := 0
	for launches := resolveLeast; launches <= resolveMost; launches++ {
		e := estimatesOf(values.upTo(launches)[want.metric], resamples)
		level, repeat := e.level(shown, seed), e.repeat(shown, seed)
		now := ended{1, 0, launches, 0, 0}
		if !level.Excludes(math.Log1p(truth)) {
			now.level++
		}
		if !repeat.Excludes(0) {
			now.repeat++
		}
		if want.by(level) && want.by(repeat) {
			inARow++
			now.reached++
		} else {
			inARow = 0
		}
		last := launches == resolveMost
		if c.once.runs == c.twice.runs && (inARow == 1 || last) { // for the first time
			c.once.add(now)
		}
		if inARow == 2 || last {
			c.twice.add(now)
			return
		}
	}
}

// by says that an interval is narrow enough.
func (w wanted) by(i stats.Interval) bool { return math.Expm1(i.Hi)-math.Expm1(i.Lo) <= 2*w.half }
