package reports

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/flame"
	"github.com/tollgate-dev/tollgate/internal/flame/flametest"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// fixtureCPU is where the CPU goes at the baseline and the levels. A level adds 200 µs to the request of the level before it.
func fixtureCPU(arms []result.Arm) *verdict.CPU {
	out := &verdict.CPU{Length: 5 * time.Second, Missing: []string{"logs, launch 2: model: it was <b>busy</b>"}}
	for _, arm := range arms {
		if arm.Role == result.RoleBaseline || arm.Role == result.RoleLevel {
			out.Levels = append(out.Levels, fixtureCPULevel(arm, len(out.Levels)))
		}
	}
	return out
}

func fixtureCPULevel(arm result.Arm, nth int) verdict.CPULevel {
	l := verdict.CPULevel{Arm: arm, Launches: 3, Requests: 3000, Total: cpuShare("", 500, 200, nth), Kernel: (700 + 250*float64(nth)) * 1e-6}
	for _, g := range flame.Groups() {
		base := map[string]float64{"application": 200, "stores": 100, "transport": 150, "gc": 20, "runtime": 30}[g.ID]
		added := 0.
		if nth > 0 {
			added = map[string]float64{"sdk": 90, "export": 60, "gc": 50}[g.ID]
		}
		l.Groups = append(l.Groups, cpuShare(g.ID, base, added, nth))
	}
	for i, name := range []string{"linux.Syscall6", "x.Handle<b>[shop/y.T]"} {
		f := cpuShare(name, 90-50*float64(i), 0, nth)
		f.Group = []string{"runtime", "application"}[i]
		l.Functions = append(l.Functions, f)
	}
	var tree flame.Tree
	stacks := []flametest.Stack{{Calls: "net/http.(*conn).serve;shop/x.Handle<b>", Samples: 150}}
	if nth > 0 {
		stacks = append(stacks, flametest.Stack{Calls: "go.opentelemetry.io/otel/exporters/otlp/otlptrace.(*Exporter).ExportSpans;net/http.(*Client).Do", Samples: 60})
	}
	read, err := flame.Read(flametest.Profile(stacks...))
	if err != nil {
		panic(err)
	}
	tree.Add("gateway", read)
	l.Tree = tree.Root(100, verdict.LeastSamples)
	return l
}

// cpuShare is so many µs per request at the baseline, and so much more for each level above it.
func cpuShare(name string, base, added float64, nth int) verdict.CPUShare {
	us := base + added*float64(nth)
	s := verdict.CPUShare{Name: name, Samples: int64(us * 3000 / 10_000), Value: us * 1e-6, Error: 2 * us / 15 * 1e-6, Over: math.NaN(), OverError: math.NaN()}
	if nth > 0 && s.Seen() {
		s.Over, s.OverError = added*float64(nth)*1e-6, 40e-6
	}
	return s
}

// crowdedLevel is a level whose stacks are as many and as deep as a picture takes.
func crowdedLevel(of verdict.CPULevel) verdict.CPULevel {
	var tree flame.Tree
	for service := range 6 {
		var stacks []flametest.Stack
		for i := range 60 {
			calls := "net/http.(*conn).serve"
			for depth := range 12 {
				calls += fmt.Sprintf(";go.opentelemetry.io/contrib/instrumentation/number%d/otelhttp%d.(*middleware).serveHTTP", depth, i/(1+11-depth))
			}
			stacks = append(stacks, flametest.Stack{Calls: calls, Samples: int64(20 + i)})
		}
		read, err := flame.Read(flametest.Profile(stacks...))
		if err != nil {
			panic(err)
		}
		tree.Add(fmt.Sprintf("service%d", service), read)
	}
	of.Tree = tree.Root(verdict.MostBoxes, verdict.LeastSamples)
	of.Requests = float64(of.Tree.CPU.Seconds()) / of.Total.Value
	return of
}

// TestFewCPUSamples: a value with few samples is not shown, in no format, and neither is a difference that cannot be known.
func TestFewCPUSamples(t *testing.T) {
	c := cpuCell(verdict.CPUShare{Samples: verdict.LeastSamples - 1, Value: 12e-6, Error: 9e-6, Over: math.NaN()})
	if c.Text != tooFew || len(c.Gloss) != 1 || c.Gloss[0] != "n = 9" {
		t.Errorf("got %+v", c)
	}
	c = cpuCell(verdict.CPUShare{Samples: 2, Value: 2e-6, Error: 3e-6, Over: -90e-6, OverError: 40e-6}) // the baseline has enough
	if c.Text != tooFew || len(c.Gloss) != 2 || c.Gloss[1] != "−90 ±40" {
		t.Errorf("got %+v", c)
	}
	c = cpuCell(verdict.CPUShare{Samples: 100, Value: 100e-6, Error: 20e-6, Over: 30e-6, OverError: 31e-6})
	if c.Text != "100 ±20" || c.Gloss[1] != same {
		t.Errorf("got %+v", c)
	}
}

func TestShortName(t *testing.T) {
	for _, c := range []struct {
		name string
		room int
		want string
	}{{"net/http", 8, "net/http"}, {"net/http", 7, "http"}, {"github.com/redis/go-redis/v9", 12, "v9"}, {"gateway", 4, "gat…"}, {"a/", 1, ""}} {
		if got := shortName(c.name, c.room); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.name, c.room, got, c.want)
		}
	}
}
