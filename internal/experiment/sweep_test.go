package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
)

// sweeping is the pr profile with one fault and a sweep of it.
func sweeping(t *testing.T, fault, vary string) *Experiment {
	t.Helper()
	e, err := Profile("pr")
	if err != nil {
		t.Fatal(err)
	}
	e.Faults, e.Sweep.Vary = []string{fault}, vary
	return e
}

func TestSweepIsRefused(t *testing.T) {
	const missing = "profile-attribute-missing"
	for _, c := range []struct{ name, fault, vary, want string }{
		{"parameter unknown", missing, "shar=0.01..0.5", `profile-attribute-missing has no parameter "shar": legal are share, catch.rate, catch.hold`},
		{"no number", missing, "attribute=age..tier", "attribute of profile-attribute-missing is one of age, tier, which is no number"},
		{"above the range", missing, "share=0.01..2", `share must be from 1 % to 100 %, got "2"`},
		{"below the range", missing, "share=0.001..0.5", `share must be from 1 % to 100 %, got "0.001"`},
		{"another unit", missing, "share=10ms..0.5", `share must be from 1 % to 100 %, got "10ms"`},
		{"the wrong way round", missing, "share=0.5..0.1", `share: want FROM smaller than TO, got "share=0.5..0.1"`},
		{"one size", missing, "share=0.5..0.5", "want FROM smaller than TO"},
		{"no range", missing, "share=0.5", `want NAME=FROM..TO, such as share=0.01..0.5, got "share=0.5"`},
		{"no name", missing, "0.1..0.5", "want NAME=FROM..TO"},
		{"an open end", missing, "share=0.1..", `share must be from 1 % to 100 %, got ""`},
		{"from zero", "service-pause", "off=0..10", "want them from above 0"},
		{"given and swept", missing + ": share=0.1", "share=0.1..0.5", `the entry "profile-attribute-missing: share=0.1" of faults has a value for it, too`},
		{"a fault without parameters", "consumer-stopped", "share=0.1..0.5", `consumer-stopped has no parameter "share": legal are catch.rate, catch.hold`},
		{"nothing to sweep", "none", "share=0.1..0.5", "want faults with one entry besides none, got 0 (none)"},
		{"too few whole numbers", "n-plus-one", "items=1..4", "sweep.sizes: from 1 to 4 there are 4 sizes that differ, and 6 are wanted"},
		{"rate", missing, "catch.rate=0.1..100", "catch.rate must be from 1 requests/s to 20000 requests/s"},
		{"hold", missing, "catch.hold=100ms..10s", "catch.hold must be from 1 s to 3600 s"},
	} {
		err := sweeping(t, c.fault, c.vary).Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "sweep.") {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	for _, c := range []struct {
		name   string
		change func(*Experiment)
		want   string
	}{
		{"repeats", func(e *Experiment) { e.Sweep.Repeats = 0 }, "sweep.repeats must be from 1 to 100, got 0"},
		{"sizes", func(e *Experiment) { e.Sweep.Sizes = 1 }, "sweep.sizes must be from 2 to 50, got 1"},
		{"passes", func(e *Experiment) { e.Sweep.Sizes, e.Sweep.Repeats = 20, 50 }, "20 sizes × 50 repeats are 1000 passes: at most 900"},
		{"two faults", func(e *Experiment) { e.Faults = append(e.Faults, "consumer-lag") }, "got 2 (profile-attribute-missing; consumer-lag)"},
		{"a baseline and no sweep", func(e *Experiment) { e.Sweep.Vary, e.Sweep.Baseline = "", "x.yaml" }, "sweep.baseline: nothing is swept"},
		{"a baseline that is not there", func(e *Experiment) { e.Sweep.Baseline = "nowhere.yaml" }, "nowhere.yaml"},
	} {
		e := sweeping(t, missing, "share=0.01..0.5")
		c.change(e)
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// TestSweepOfEveryParameter: whatever number a fault has can be swept over its whole range, and each pass has its own value.
func TestSweepOfEveryParameter(t *testing.T) {
	swept := 0
	for _, f := range faults.All() {
		for _, p := range f.Params {
			if p.Words != nil {
				continue
			}
			swept++
			e := sweeping(t, f.ID, fmt.Sprintf("%s=%g..%g", p.Name, max(p.Least, p.Most/1000), p.Most))
			if e.Sweep.Sizes, e.Sweep.Repeats = 3, 2; f.ID == "n-plus-one" {
				e.Sweep.Sizes = 2
			}
			if err := e.Validate(); err != nil {
				t.Errorf("%s: %s: %v", f.ID, p.Name, err)
				continue
			}
			passes := e.Passes([]faults.Fault{f})
			if len(passes) != e.Sweep.Sizes*2 {
				t.Errorf("%s: %s: %d passes", f.ID, p.Name, len(passes))
			}
			for i, pass := range passes {
				if pass.Nth != i || pass.Size == 0 || pass.Fault.Values.Number(p.Name) != pass.Size || pass.Fault.ID != f.ID {
					t.Errorf("%s: %s: pass %d is %d of size %g with the value %g", f.ID, p.Name, i, pass.Nth, pass.Size, pass.Fault.Values.Number(p.Name))
				}
			}
		}
	}
	if swept < 20 {
		t.Errorf("only %d parameters were swept", swept)
	}
}

func TestSweepPasses(t *testing.T) {
	e := sweeping(t, "profile-attribute-missing: attribute=tier", "share=1%..50%")
	e.Faults = append(e.Faults, "none")
	e.Catch.Shuffle = true // the order of a sweep is that of its design
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	f, err := faults.Lookup(e.Faults[0])
	if err != nil {
		t.Fatal(err)
	}
	f.Expect = []string{"Own"}
	none, err := faults.Lookup("none")
	if err != nil {
		t.Fatal(err)
	}
	passes := e.Passes([]faults.Fault{f, none})
	if len(passes) != 6*3+3 || passes[0].Fault.ID != "none" || passes[20].Fault.ID != "none" || passes[0].Size != 0 {
		t.Fatalf("%d passes", len(passes))
	}
	var block []float64
	for _, p := range passes[1:7] {
		block = append(block, p.Size)
		if p.Fault.Values.Word("attribute") != "tier" || !slices.Equal(p.Fault.Expect, []string{"Own"}) {
			t.Errorf("a pass has lost what was given: %v, %v", p.Fault.Values, p.Fault.Expect)
		}
		if !strings.Contains(p.Fault.Title, p.Fault.Values["share"].String()) {
			t.Errorf("the title %q is not of the size %g", p.Fault.Title, p.Size)
		}
	}
	slices.Sort(block)
	if want := []float64{0.01, 0.0219, 0.0478, 0.105, 0.229, 0.5}; !slices.Equal(block, want) {
		t.Errorf("the first block is %v, want each of %v", block, want)
	}
	plan, spanning, err := e.Swept()
	if err != nil || plan.Param != "share" || plan.Unit != "share" || plan.Falls || plan.Repeats != 3 || len(plan.Sizes) != 6 {
		t.Errorf("%+v, %v", plan, err)
	}
	if !strings.Contains(spanning.Title, "tier for 1 % to 50 % of the users") {
		t.Errorf("the title of all passes is %q", spanning.Title)
	}
	if got := e.SweepPlan(); !strings.Contains(got, "1 %, 2.19 %, 4.78 %, 10.5 %, 22.9 %, 50 % of share, each 3 times, in an order drawn from seed 1") {
		t.Error(got)
	}
}

// TestSweepFalls: where a smaller number is a larger fault, the sizes begin with the largest number.
func TestSweepFalls(t *testing.T) {
	e := sweeping(t, "consumer-lag", "bytes=1kB..100000")
	if _, _, err := e.Swept(); err == nil {
		t.Error("kB is taken for a unit of bytes")
	}
	e.Sweep.Vary = "bytes=1000 B..100000"
	plan, _, err := e.Swept()
	if err != nil || !plan.Falls || !slices.Equal(plan.Sizes, []float64{100000, 39800, 15800, 6310, 2510, 1000}) {
		t.Errorf("%+v, %v", plan, err)
	}
}

// TestSweepOfTheCatch: the rate and the hold are of the pass and not of the fault, and the time of the plan says so.
func TestSweepOfTheCatch(t *testing.T) {
	e := sweeping(t, "consumer-lag", "catch.hold=5s..20s")
	e.Sweep.Sizes, e.Sweep.Repeats = 3, 2
	f, err := faults.Lookup("consumer-lag")
	if err != nil {
		t.Fatal(err)
	}
	sum := time.Duration(0)
	for _, p := range e.Passes([]faults.Fault{f}) {
		sum += p.Hold
		if key, value := p.Setting(); key != "catch.hold" || value != fmt.Sprintf("%g s", p.Size) || p.Hold.Seconds() != p.Size {
			t.Errorf("%v: %s is %s", p.Hold, key, value)
		}
	}
	if sum != 70*time.Second {
		t.Errorf("held for %v together, want twice 5, 10 and 20 s", sum)
	}
	about, _ := e.CatchTime(6)
	if want := e.Catch.Settle + 6*(e.Catch.Clean+e.Catch.Clear) + sum; about != want {
		t.Errorf("about %v, want %v", about, want)
	}
	e.Sweep.Vary = "catch.rate=20..180"
	rates := map[float64]int{}
	for _, p := range e.Passes([]faults.Fault{f}) {
		rates[p.Rate]++
	}
	if fmt.Sprint(rates) != "map[20:2 60:2 180:2]" || e.MostRate() != 180 {
		t.Errorf("rates %v, at most %g", rates, e.MostRate())
	}
	if plan, swept, err := e.Swept(); err != nil || plan.Unit != "requests/s" || swept.Title != f.Title {
		t.Errorf("%+v, %q, %v", plan, swept.Title, err)
	}
}

func TestWithoutASweep(t *testing.T) {
	e := sweeping(t, "consumer-lag", "")
	if plan, _, err := e.Swept(); plan != nil || err != nil || e.SweepPlan() != "" || e.MostRate() != e.Catch.Rate {
		t.Errorf("%+v, %v", plan, err)
	}
	if err := e.Validate(); err != nil {
		t.Error(err)
	}
}

// TestSweepIsLeftOut: a run of the toll alone does not sweep.
func TestSweepIsLeftOut(t *testing.T) {
	e := sweeping(t, "consumer-lag", "bytes=1000..2000")
	if err := e.Only([]string{"toll"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(); err != nil || e.Sweep.Vary != "" {
		t.Errorf("%q, %v", e.Sweep.Vary, err)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "limits.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
