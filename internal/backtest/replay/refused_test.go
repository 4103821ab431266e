package replay_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/backtest/replay"
	"github.com/tollgate-dev/tollgate/internal/backtest/replaytest"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// What cannot be replayed is refused with what is wrong and what to do.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(dir string, d *result.Data) error
		want   string
	}{
		"no series": {func(dir string, _ *result.Data) error { return os.RemoveAll(filepath.Join(dir, "series")) },
			"has no data of any level (off, full)"},
		"levels deployed again": {func(_ string, d *result.Data) error {
			var all []string
			for _, l := range d.Run.Levels {
				all = append(all, l.Name)
			}
			d.Run.CatchLaunches = [][]string{all, all}
			return nil
		}, "2 times for the catch"},
		"no faults": {func(_ string, d *result.Data) error { d.Run.Faults = nil; return nil }, "injected no faults"},
		"no rules": {func(dir string, _ *result.Data) error { return os.Remove(filepath.Join(dir, "rules.yaml")) },
			"rules.yaml is not there"},
		"broken rules": {func(dir string, _ *result.Data) error {
			return os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte("groups: [{name: a, rules: [{alert: A, expr: 'sum('}]}]"), 0o600)
		}, "rules.yaml"},
		"no experiment": {func(_ string, d *result.Data) error { d.Run.Experiment = " "; return nil }, "alerts.eval_interval must be above 0"},
		"no lapse": {func(_ string, d *result.Data) error {
			d.Run.Experiment = strings.Replace(d.Run.Experiment, "lapse: 60", "lapse: .nan", 1)
			return nil
		},
			"alerts.lapse must be above 0"},
		"strange experiment": {func(_ string, d *result.Data) error { d.Run.Experiment = "telemetry: 1"; return nil }, "run.json: experiment: yaml"},
	} {
		dir, _ := write(t, replaytest.Options{})
		d, err := result.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.damage(dir, d); err != nil {
			t.Fatal(err)
		}
		if _, err := replay.Open(dir, d); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// A level without series is left out of both sides, and named.
func TestLevelWithoutSeries(t *testing.T) {
	dir, _ := write(t, replaytest.Options{})
	if err := os.RemoveAll(filepath.Join(dir, "series", "off")); err != nil {
		t.Fatal(err)
	}
	r := open(t, dir)
	if len(r.Data.Run.Levels) != 1 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "no series of them: off") {
		t.Errorf("levels %v, notes %v", r.Data.Run.Levels, r.Notes)
	}
	c := sides(t, r, replayed(t, r, own(t, r)))
	if n, all := c.Differing(); n != 0 || all != 2 {
		t.Errorf("%d of %d cells differ", n, all)
	}
}

// Rules that cannot be read are refused with file and line; a damaged block with its directory.
func TestRefusedRules(t *testing.T) {
	dir, r := write(t, replaytest.Options{})
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte("groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: sum(\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Load([]string{path}); err == nil || !strings.Contains(err.Error(), path+": 5:") {
		t.Errorf("error %v, want the file and line 5", err)
	}
	if _, err := r.Load([]string{path + "-not"}); err == nil || !strings.Contains(err.Error(), "there is no such file") {
		t.Errorf("error %v", err)
	}
	meta, err := filepath.Glob(filepath.Join(dir, "series", "full", "*", "index"))
	if err != nil || len(meta) != 1 {
		t.Fatal(meta, err)
	}
	if err := os.Truncate(meta[0], 10); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Replay(t.Context(), own(t, r)); err == nil || !strings.Contains(err.Error(), filepath.Join("series", "full")) {
		t.Errorf("error %v, want the directory of the series", err)
	}
}

func TestExpectations(t *testing.T) {
	_, r := write(t, replaytest.Options{})
	rules := load(t, r, mine)
	for text, want := range map[string]string{
		"consumer-lag":            "want FAULT=ALERT",
		"=Late":                   "want FAULT=ALERT",
		"consumer-lag=":           "want FAULT=ALERT",
		"lag=Late":                `the run has no fault "lag": legal are consumer-lag`,
		"none=Late":               `the run has no fault "none"`,
		"consumer-lag=Soon":       "legal names are Late, TooLate, Always",
		"consumer-lag=Late{a=":    "want a name",
		"consumer-lag=Late, Late": "",
		"consumer-lag=Always":     "given twice",
	} {
		e, err := replay.ParseExpectation(text)
		if err == nil {
			err = r.Expect(e, load(t, r, mine))
		}
		if want == "given twice" {
			_ = r.Expect(e, rules)
			err = r.Expect(e, rules)
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func FuzzParseExpectation(f *testing.F) {
	for _, text := range []string{"a=B", `a=B{x="1,2",y="}"},C`, `a=B{x="\",`, "=", "a=,,", "a={{,}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := replay.ParseExpectation(text)
		if err != nil {
			return
		}
		if e.Fault == "" || len(e.Alerts) == 0 || !strings.HasPrefix(strings.TrimSpace(text), e.Fault) {
			t.Errorf("%q is read as %+v", text, e)
		}
		for _, alert := range e.Alerts {
			if alert == "" || !strings.Contains(text, alert) {
				t.Errorf("%q has no alert %q", text, alert)
			}
		}
	})
}
