package result

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRead holds what is true of any run directory: an error names the file; and what is read is the same after it was written
// and read again.
func FuzzRead(f *testing.F) {
	files := []string{RunFile, CostFile, FaultsFile, AlertsFile, LatencyFile}
	dir := write(f)
	seed := map[string][]byte{}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		seed[name] = text
	}
	f.Add(seed[RunFile], seed[CostFile], seed[FaultsFile], seed[AlertsFile], seed[LatencyFile])
	f.Add([]byte(`{"schema": 1, "started": "9999-12-31T23:59:59Z", "plan": {"floor": {"p50": 1e308}}, "alerts": [{"floor": -1}]}`),
		[]byte("{\"start\":\"0001-01-01T00:00:00Z\",\"end\":\"9999-12-31T23:59:59Z\"}\n"), []byte("{}\n"), []byte("null\n"), []byte("#[Slot: launch 1, round 2]\nTag=a/b/c/d,\n"))
	f.Fuzz(func(t *testing.T, run, cost, faults, alerts, latency []byte) {
		if len(run)+len(cost)+len(faults)+len(alerts)+len(latency) > 1<<16 {
			t.Skip("too long to be quick")
		}
		dir := t.TempDir()
		for i, text := range [][]byte{run, cost, faults, alerts, latency} {
			put(t, dir, files[i], text)
		}
		d, err := Read(dir)
		if err != nil {
			if !strings.Contains(err.Error(), dir) {
				t.Errorf("the error does not name the directory: %v", err)
			}
			return
		}
		for _, interval := range d.Latency {
			if h, err := interval.Histogram(); err == nil && h.TotalCount() < 0 {
				t.Errorf("%s has %d values", interval.Tag, h.TotalCount())
			}
		}
		put(t, dir, CostFile, lines(t, d.Slots))
		put(t, dir, FaultsFile, lines(t, d.Faults))
		put(t, dir, AlertsFile, lines(t, d.Alerts))
		d.Run.Schema = Schema
		text, err := json.Marshal(d.Run)
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, RunFile, text)
		again, err := Read(dir)
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if a, b := records(t, d), records(t, again); a != b {
			t.Errorf("it is\n%s\nand, written and read again,\n%s", a, b)
		}
	})
}

// put writes a file of a run directory.
func put(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// lines are records as a run directory has them.
func lines[T any](t *testing.T, all []T) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, record := range all {
		if err := json.NewEncoder(&out).Encode(record); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// records are all records of a run as text.
func records(t *testing.T, d *Data) string {
	t.Helper()
	text, err := json.Marshal([]any{d.Run, d.Slots, d.Faults, d.Alerts, len(d.Latency)})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// FuzzParseTag: a tag that is read prints as it was written, but for the notation of its numbers.
func FuzzParseTag(f *testing.F) {
	for _, seed := range []string{"toll/full/recommend/response", "toll/0/12/full/recommend/response", "a/b/c", "toll/+1/-0/a/b/c", ""} {
		f.Add(seed, "#[Slot: launch 0, round 12]")
	}
	f.Fuzz(func(t *testing.T, text, comment string) {
		place, err := parsePlace(comment)
		if err == nil && place.String() != comment {
			t.Errorf("%q is read as %s", comment, place)
		}
		tag, err := ParseTag(text, place)
		if err != nil {
			return
		}
		if again, err := ParseTag(tag.String(), nil); err != nil || again != tag {
			t.Errorf("%q is %+v, and printed and read %+v, %v", text, tag, again, err)
		}
		if strings.Count(text, "/") == 3 && tag.Curve() != text {
			t.Errorf("%q prints as %q", text, tag.Curve())
		}
	})
}
