package experiment

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
)

const ofShare = "{fault: profile-attribute-missing, param: share, level: metrics, limit: "

func TestBaselineIsRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "it has no limits"},
		{"unknown key", "limit: []", `unknown key "limit": legal keys here are limits`},
		{"unknown key of a limit", "limits: [{fault: consumer-lag, parm: bytes}]", `unknown key "parm": legal keys here are fault, param, level, limit`},
		{"no level", "limits: [{fault: consumer-lag, param: bytes, limit: 2}]", "limits[0]: fault, param and level must be named"},
		{"no limit", "limits: [{fault: consumer-lag, param: bytes, level: off}]", "limit must be a number above 0, got 0"},
		{"limit in words", "limits: [" + ofShare + "ten}]", "line 1"},
		{"limit that is no number", "limits: [" + ofShare + ".nan}]", "limit must be a number above 0"},
		{"limit without an end", "limits: [" + ofShare + ".inf}]", "limit must be a number above 0"},
		{"twice", "limits: [" + ofShare + "0.1}, " + ofShare + "0.2}]", "share of profile-attribute-missing at metrics is listed twice"},
		{"unknown fault", "limits: [{fault: x, param: y, level: z, limit: 1}]", `unknown fault "x": legal faults are none`},
		{"of another sweep", "limits: [{fault: consumer-lag, param: bytes, level: off, limit: 2000}]", "it has no limit for share of profile-attribute-missing"},
		{"of a level that is not swept", "limits: [{fault: profile-attribute-missing, param: share, level: debug, limit: 0.1}]", `a limit of level "debug", which is not swept`},
		{"above the sizes", "limits: [" + ofShare + "0.6}]", "the limit of level metrics is 60 %, outside of the sizes of the sweep: from 1 % to 50 %"},
		{"below the sizes", "limits: [" + ofShare + "0.001}]", "outside of the sizes of the sweep"},
	} {
		e := sweeping(t, "profile-attribute-missing", "share=0.01..0.5")
		e.Sweep.Baseline = write(t, c.text)
		err := e.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), e.Sweep.Baseline) {
			t.Errorf("%s: error %v, want one with %q and the path", c.name, err, c.want)
		}
	}
}

func TestBaselineIsPartOfTheRun(t *testing.T) {
	e := sweeping(t, "profile-attribute-missing", "share=0.01..0.5")
	e.Sweep.Baseline = write(t, "limits:\n  - "+ofShare+"0.1}\n  - {fault: consumer-lag, param: bytes, level: off, limit: 2000}\n")
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	plan, _, err := e.Swept()
	if err != nil || len(plan.Baseline) != 1 || plan.Baseline[0] != (result.LevelLimit{Level: "metrics", Limit: 0.1}) {
		t.Errorf("%+v, %v", plan, err)
	}
}

// TestWriteBaseline: the ends of the intervals that are the larger fault are written, and read again; limits of other sweeps stay.
func TestWriteBaseline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits.yaml")
	share := &result.Sweep{Fault: "profile-attribute-missing", Param: "share", Unit: "share", Sizes: []float64{0.01, 0.1, 0.5}, Repeats: 3}
	bytes := &result.Sweep{Fault: "consumer-lag", Param: "bytes", Unit: "B", Falls: true, Sizes: []float64{50000, 5000, 500}, Repeats: 3}
	limit := func(level string, lo, size, hi float64) catch.Limit {
		return catch.Limit{Level: level, Limit: sweep.Limit{Lo: lo, Size: size, Hi: hi}}
	}
	inf := math.Inf(1)
	if err := CheckBaselineFile(path); err != nil {
		t.Errorf("nothing is there yet: %v", err)
	}
	left, err := WriteBaseline(path, share, []catch.Limit{limit("off", 0.2, math.NaN(), inf), limit("metrics", 0.02, 0.05, 0.12345)})
	if err != nil || len(left) != 1 || left[0] != "off" {
		t.Fatalf("left %v, %v", left, err)
	}
	if _, err := WriteBaseline(path, bytes, []catch.Limit{limit("off", 1234.5, 2000, 3000)}); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteBaseline(path, share, []catch.Limit{limit("metrics", 0.02, 0.05, 0.2)}); err != nil {
		t.Fatal(err)
	}
	b, err := ReadBaseline(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []BaselineLimit{{"consumer-lag", "bytes", "off", 1230}, {"profile-attribute-missing", "share", "metrics", 0.2}}
	if len(b.Limits) != 2 || b.Limits[0] != want[0] || b.Limits[1] != want[1] {
		t.Errorf("%+v, want %+v", b.Limits, want)
	}
	before, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(before), "# Detection limits") {
		t.Errorf("%s, %v", before, err)
	}
	if _, err := WriteBaseline(path, share, []catch.Limit{limit("off", 0.2, math.NaN(), inf)}); err == nil || !strings.Contains(err.Error(), "no level has a limit") {
		t.Errorf("nothing to write: %v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the file was written although there was nothing to write")
	}
	if err := CheckBaselineFile(filepath.Join(path, "x", "y")); err == nil {
		t.Error("a path in no directory is taken")
	}
	if err := os.WriteFile(path, []byte("groups: []"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckBaselineFile(path); err == nil || !strings.Contains(err.Error(), `unknown key "groups"`) {
		t.Errorf("a file of another kind would be replaced: %v", err)
	}
}
