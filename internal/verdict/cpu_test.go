package verdict

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/flame/flametest"
)

// Calls that belong to the application, to an exporter, and to the garbage collector.
const (
	ofApp    = "net/http.(*conn).serve;shop/x.Handle"
	ofExport = "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp.(*client).UploadTraces;net/http.(*Client).Do"
	ofGC     = "runtime.gcBgMarkWorker"
)

// profiled is a run of two levels with profiles of two services in two launches; a request is 1/100 of a second's load.
func profiled() *result.Data {
	d := &result.Data{Run: result.Run{
		Plan: result.Plan{CPUProfile: 5 * time.Second},
		Arms: []result.Arm{{Name: "off", Level: "off", Role: result.RoleBaseline}, {Name: "again", Level: "off", Role: result.RoleRepeat}, {Name: "full", Level: "full", Role: result.RoleLevel}},
	}}
	for launch := range 2 {
		for _, arm := range []string{"off", "full"} {
			for _, service := range []string{"gateway", "model"} {
				stacks := []flametest.Stack{{Calls: ofApp, Samples: 50}}
				if arm == "full" && service == "gateway" {
					stacks = append(stacks, flametest.Stack{Calls: ofExport, Samples: 40}, flametest.Stack{Calls: ofGC, Samples: 4})
				}
				d.CPUProfiles = append(d.CPUProfiles, result.CPUProfile{Launch: launch, Arm: arm, Service: service, Length: 5 * time.Second, Load: 6 * time.Second,
					Sent: 600, CPU: time.Second, File: "f", Text: flametest.Profile(stacks...)})
			}
		}
	}
	return d
}

func groupShare(l CPULevel, id string) CPUShare {
	for _, s := range l.Groups {
		if s.Name == id {
			return s
		}
	}
	return CPUShare{}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// TestCPU: 500 requests in the five seconds of a profile of one launch; a sample is 10 ms.
func TestCPU(t *testing.T) {
	c := cpuOf(profiled())
	if len(c.Levels) != 2 || len(c.Missing) != 0 || c.Length != 5*time.Second {
		t.Fatalf("got %+v", c)
	}
	off, full := c.Levels[0], c.Levels[1]
	if off.Launches != 2 || !near(off.Requests, 1000) || off.Total.Samples != 200 || !near(off.Total.Value, 2e-3) || !near(off.Kernel, 4e-3) || isNumber(off.Total.Over) {
		t.Errorf("off: %+v", off)
	}
	export := groupShare(full, "export")
	if export.Samples != 80 || !near(export.Value, 0.8e-3) || !near(export.Over, 0.8e-3) || !export.Differs() {
		t.Errorf("export: %+v", export)
	}
	// 2 √80 samples of 10 µs per request; with two launches alike, they add nothing.
	if !near(export.Error, 2*math.Sqrt(80)*1e-5) || !near(export.OverError, math.Hypot(export.Error, 2e-5)) {
		t.Errorf("export ± %v, over ± %v", export.Error, export.OverError)
	}
	if a := groupShare(full, "application"); !near(a.Value, 2e-3) || !near(a.Over, 0) || a.Differs() {
		t.Errorf("application: %+v", a)
	}
	if gc := groupShare(full, "gc"); gc.Samples != 8 || gc.Seen() || isNumber(gc.Over) || gc.Differs() { // too few to say anything
		t.Errorf("gc: %+v", gc)
	}
	if len(full.Functions) != 2 || full.Functions[0].Name != "x.Handle" || full.Functions[0].Samples != 200 || full.Functions[1].Name != "http.(*Client).Do" {
		t.Errorf("functions: %+v", full.Functions)
	}
	if names := full.Tree.Children; len(names) != 2 || names[0].Name != "gateway" || names[0].Count != 188 || names[1].Count != 100 {
		t.Errorf("tree: %+v", full.Tree)
	}
	if c.Baseline().Arm.Name != "off" || c.Dearest().Arm.Name != "full" {
		t.Error("baseline or dearest level")
	}
}

func isNumber(x float64) bool { return !math.IsNaN(x) }

// TestCPUOfDifferentLaunches: where launches differ by more than the samples let expect, the error says so.
func TestCPUOfDifferentLaunches(t *testing.T) {
	d := profiled()
	d.CPUProfiles[6].Text = flametest.Profile(flametest.Stack{Calls: ofApp, Samples: 450}) // the gateway of full in the second launch
	full := cpuOf(d).Levels[1]
	// 200 µs per request and launch without the change: 1 and 5 × 2 ms; the mean of launches has half their difference as its error.
	a := groupShare(full, "application")
	if !near(a.Error, 2*(1000-200)/2.*1e-5) {
		t.Errorf("got %+v", a)
	}
}

// TestCPUMissing: a launch in which a service has no profile is left out as a whole, and said; and so is what is no profile.
func TestCPUMissing(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(d *result.Data)
		want   string
	}{
		"without an answer": {func(d *result.Data) { p := &d.CPUProfiles[2]; p.Text, p.Missing = nil, "it was busy" }, "full, launch 1: gateway: it was busy"},
		"broken":            {func(d *result.Data) { d.CPUProfiles[2].Text = []byte("x") }, "full, launch 1: gateway: no CPU profile"},
		"cut off":           {func(d *result.Data) { d.CPUProfiles = append(d.CPUProfiles[:3], d.CPUProfiles[4:]...) }, "full, launch 1: model has no CPU profile"},
		"twice":             {func(d *result.Data) { d.CPUProfiles[3].Service = "gateway" }, "full, launch 1: gateway has two CPU profiles"},
		"no load":           {func(d *result.Data) { d.CPUProfiles[2].Sent, d.CPUProfiles[3].Sent = 0, 0 }, "full, launch 1: no request was sent"},
	} {
		d := profiled()
		tt.change(d)
		c := cpuOf(d)
		if len(c.Missing) != 1 || !strings.HasPrefix(c.Missing[0], tt.want) {
			t.Errorf("%s: %q", name, c.Missing)
		}
		if full := c.Levels[1]; full.Launches != 1 || !near(groupShare(full, "export").Value, 0.8e-3) {
			t.Errorf("%s: %+v", name, full)
		}
	}
	d := profiled()
	d.CPUProfiles = d.CPUProfiles[4:6] // the second launch of the baseline
	if c := cpuOf(d); len(c.Levels) != 1 || c.Dearest() != nil {
		t.Errorf("the baseline alone: %+v", c)
	}
	d.CPUProfiles = nil
	if c := cpuOf(d); len(c.Levels) != 0 || len(c.Missing) != 1 {
		t.Errorf("none: %+v", c)
	}
	d.Run.Plan.CPUProfile = 0
	if c := cpuOf(d); c != nil {
		t.Errorf("not asked for: %+v", c)
	}
}
