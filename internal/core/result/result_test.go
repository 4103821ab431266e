package result

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// write makes a run directory with two of everything, of a killed run.
func write(t testing.TB) string {
	t.Helper()
	w := begun(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}

// begun is the run directory of write while the run goes on.
func begun(t testing.TB) *Writer {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, Run{
		ID: "test", Seed: 7, Levels: []Level{{Name: "off"}, {Name: "traces-10"}}, Faults: []Fault{{ID: "none"}},
		Arms: []Arm{{Name: "off", Level: "off", Role: RoleBaseline}, {Name: "traces-10", Level: "traces-10", Role: RoleLevel}},
	})
	if err != nil {
		t.Fatal(err)
	}
	log, err := OpenLatency(w.Path(LatencyFile))
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1_700_000_000_000)
	for i := range 2 {
		h := NewHistogram()
		Record(h, time.Duration(i+1)*time.Millisecond)
		tag := Tag{Phase: slot.Toll, Round: i, Arm: "traces-10", Step: "recommend", Kind: Response}
		err := log.Write(tag, at, at.Add(time.Second), h)
		for _, e := range []error{
			err,
			w.Slot(Slot{
				Phase: slot.Toll, Round: i, Arm: "off", CPU: map[string]time.Duration{"gateway": time.Second}, Work: slot.ArmReport{Arm: "off"},
			}),
			w.Fault(FaultEvent{Fault: "none", Phase: PhaseClean}),
			w.Alert(AlertEvent{Arm: "off", Alert: "A", From: Inactive, To: Pending}),
			w.Example(Example{Fault: "none", Arm: "traces-10", Signal: InLogs, Log: &LogRecord{Body: "b"}, Trace: []TraceSpan{{ID: "1", Took: time.Second}}}),
			w.Volume(Volume{Launch: i, Arm: "traces-10", Requests: 5, Bytes: 9, Parts: []VolumePart{{Signal: InSpans, Name: "a", Count: 1, Bytes: 9}}}),
		} {
			if e != nil {
				t.Fatal(e)
			}
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestRoundTrip(t *testing.T) {
	d, err := Read(write(t))
	if err != nil {
		t.Fatal(err)
	}
	if d.Run.ID != "test" || d.Run.Status != Running || d.Run.Schema != Schema || d.Run.Seed != 7 {
		t.Errorf("run %+v", d.Run)
	}
	if len(d.Slots) != 2 || len(d.Faults) != 2 || len(d.Alerts) != 2 || len(d.Examples) != 2 || len(d.Volumes) != 2 || len(d.Latency) != 2 {
		t.Fatalf("%d slots, %d faults, %d alerts, %d intervals", len(d.Slots), len(d.Faults), len(d.Alerts), len(d.Latency))
	}
	if d.Slots[1].CPU["gateway"] != time.Second {
		t.Errorf("slot %+v", d.Slots[1])
	}
	second := d.Latency[1]
	h, err := second.Histogram()
	if err != nil {
		t.Fatal(err)
	}
	if second.Round != 1 || second.Arm != "traces-10" || h.TotalCount() != 1 || h.StartTimeMs() != 1_700_000_000_000 {
		t.Errorf("interval %+v: %d values from %d on", second.Tag, h.TotalCount(), h.StartTimeMs())
	}
	if got := time.Duration(h.Max()); got < 2*time.Millisecond || got > 2*time.Millisecond+5*time.Microsecond {
		t.Errorf("the value 2 ms is read as %v", got)
	}
}

// TestKilled: every file may end in the middle of a record; the complete records are read.
func TestKilled(t *testing.T) {
	for _, name := range []string{LatencyFile, CostFile, FaultsFile, AlertsFile} {
		dir := write(t)
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text[:len(text)-5], 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Read(dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		line := "2"
		if name == LatencyFile {
			line = "8"
		}
		if want := name + " ends within its line " + line + ", which is left out"; !slices.Equal(d.Notes, []string{want}) {
			t.Errorf("notes %q, want %q", d.Notes, want)
		}
		if n := len(d.Slots) + len(d.Faults) + len(d.Alerts) + len(d.Latency); n != 7 {
			t.Errorf("%s: %d records are left, want 7", name, n)
		}
	}
}

// TestKilledBetweenAlerts: of faults that come after the last alert that is known nobody can say whether they were noticed.
func TestKilledBetweenAlerts(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(1_700_000_000, 0).Add(time.Duration(s) * time.Second) }
	d := Data{Alerts: []AlertEvent{{Time: at(10)}, {Time: at(8)}}, Faults: []FaultEvent{{Time: at(5)}, {Time: at(10)}, {Time: at(11)}}}
	d.endWithAlerts()
	want := "1 of 3 events of faults.jsonl are left out: they are later than what is left of alerts.jsonl, so that what alerts did is not known"
	if len(d.Faults) != 2 || !slices.Equal(d.Notes, []string{want}) {
		t.Errorf("%d faults are left, with the notes %q", len(d.Faults), d.Notes)
	}
	d.Alerts, d.Notes = nil, nil
	if d.endWithAlerts(); len(d.Faults) != 0 {
		t.Errorf("without an alert %d faults are left", len(d.Faults))
	}
}

func TestReadRefuses(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{"no run", RunFile, "", "is not a run directory"},
		{"later schema", RunFile, `{"schema": 99}`, "schema 99; this tollgate reads 1 to 3"},
		{"cut off", RunFile, `{"schema": 1, "id": "te`, "is cut off or damaged"},
		{"no latency", LatencyFile, "#[StartTime\n", "is not whole: cost.jsonl has slots under load and latency.hlog has no histogram"},
		{"no schema", RunFile, `{}`, "schema 0"},
		{"broken line", FaultsFile, `{"fault":"none","phase":"clean"}` + "\n{\"arm\":\n{}\n", FaultsFile + ":2"},
		{"broken tag", LatencyFile, "Tag=x,1,1,1,HIST\n", LatencyFile + ":1: tag \"x\""},
		{"no slot", LatencyFile, "#x\nTag=toll/off/click/lag,1,1,1,HIST\n", LatencyFile + ":2: tag \"toll/off/click/lag\": no line"},
		{"broken slot", LatencyFile, "#[Slot: launch 1, round x]\n", LatencyFile + ":1: \"#[Slot: launch 1, round x]\": want"},
	}
	for _, tt := range tests {
		dir := write(t)
		path := filepath.Join(dir, tt.file)
		err := os.WriteFile(path, []byte(tt.text), 0o600)
		if tt.text == "" {
			err = os.Remove(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

// TestSchema1: values whose keys have changed since are read from the old keys.
func TestSchema1(t *testing.T) {
	dir := write(t)
	text := `{"schema": 1, "id": "old", "status": "running", "faults": [{"id": "none"}], "levels": [{"name": "off"}, {"name": "traces-10"}],
		"plan": {"floor": {"p50": 0.25, "cpu": 0.15}},
		"alerts": [{"name": "A", "run_for": 1000000000, "floor": 1500000000}, {"name": "B"}]}`
	if err := os.WriteFile(filepath.Join(dir, RunFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]float64{"p50": 0.25, "cpu": 0.15}; !maps.Equal(d.Run.Plan.EqualWithin, want) {
		t.Errorf("plan %+v, want equal within %v", d.Run.Plan, want)
	}
	if a := d.Run.Alerts; len(a) != 2 || a[0].LeastDetect != 1500*time.Millisecond || a[0].RunFor != time.Second || a[1].LeastDetect != 0 {
		t.Errorf("alerts %+v", a)
	}
}

func TestABrokenHistogramNamesItsInterval(t *testing.T) {
	tag := Tag{Phase: slot.Toll, Arm: "off", Step: "recommend", Kind: Service}
	_, err := Interval{Tag: tag, line: "Tag=" + tag.String() + ",1,1,1,HISTnonsense\n"}.Histogram()
	if err == nil || !strings.Contains(err.Error(), tag.String()) {
		t.Errorf("error %v, want one with %q", err, tag)
	}
}

func TestCreateRefusesADirectoryInUse(t *testing.T) {
	dir := write(t)
	if _, err := Create(dir, Run{}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("error %v", err)
	}
}

func TestRecordClamps(t *testing.T) {
	h := NewHistogram()
	for _, d := range []time.Duration{-time.Second, 0, time.Hour} {
		Record(h, d)
	}
	if h.TotalCount() != 3 {
		t.Errorf("%d of 3 values recorded", h.TotalCount())
	}
}

func TestRuleNote(t *testing.T) {
	n := RuleNote{Text: "text", Rules: []NotedRule{{Rule: "A"}, {Rule: "B", Details: []string{"1", "2"}}, {Rule: "C"}, {Rule: "D"}}}
	for most, want := range map[int]string{
		1: "text: A and 3 others",
		2: "text: A, B (1; 2) and 2 others",
		3: "text: A, B (1; 2), C, D", // the name of one more is no longer than its number
		9: "text: A, B (1; 2), C, D",
	} {
		if got := n.First(most); got != want {
			t.Errorf("the first %d: %s, want %s", most, got, want)
		}
	}
}

// TestARunDirectoryIsForItsUserOnly, also where the directory was there before, with a mode of its own.
func TestARunDirectoryIsForItsUserOnly(t *testing.T) {
	existing := t.TempDir()
	if err := os.Chmod(existing, 0o755); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]fs.FileMode{filepath.Join(t.TempDir(), "run"): 0o700, existing: 0o755} {
		w, err := Create(dir, Run{ID: "test"})
		if err != nil {
			t.Fatal(err)
		}
		err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			if mode := info.Mode().Perm(); path == dir && mode != want || path != dir && mode&0o077 != 0 {
				t.Errorf("%s has mode %v", path, mode)
			}
			return nil
		})
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
