package result

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// finished makes the directory of write, of a run that has ended.
func finished(t *testing.T) string {
	t.Helper()
	w := begun(t)
	if err := w.Finish(func(r *Run) { r.Status = Complete }); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}

// TestSeal: a run that has ended is refused when any of its files is not as it was written.
func TestSeal(t *testing.T) {
	if d, err := Read(finished(t)); err != nil || len(d.Notes) > 0 {
		t.Fatalf("as it was written: notes %q, error %v", d.Notes, err)
	}
	const notAsWritten = "run.json is not as the run wrote it"
	replace := func(old, by string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, by, 1) }
	}
	for name, tt := range map[string]struct {
		file, want string
		change     func(text string) string
	}{
		"emptied":           {AlertsFile, "alerts.jsonl has 0 lines in 0 bytes, and the run wrote 2 in", func(string) string { return "" }},
		"a line cut off":    {FaultsFile, "faults.jsonl has 1 lines in", func(s string) string { return s[:strings.Index(s, "\n")+1] }},
		"cut within a line": {CostFile, "cost.jsonl has 1 lines in", func(s string) string { return s[:len(s)-5] }},
		"a value":           {AlertsFile, "alerts.jsonl has other contents", replace("pending", "firing ")},
		"a line behind":     {LatencyFile, "latency.hlog has 9 lines in", func(s string) string { return s + "#\n" }},
		"an example":        {EvidenceFile, "evidence.jsonl has other contents", replace(`"b"`, `"c"`)},
		"the seed":          {RunFile, notAsWritten, replace(`"seed": 7`, `"seed": 8`)},
		"the digest":        {RunFile, notAsWritten, replace(`"digest": "`, `"digest": "0`)},
		"no digest":         {RunFile, notAsWritten, replace(`"digest"`, `"other"`)},
		"no digests":        {RunFile, notAsWritten, func(s string) string { return s[:strings.Index(s, ",\n  \"files\"")] + "}" }},
		"as if killed":      {RunFile, notAsWritten, replace(`"complete"`, `"running"`)},
	} {
		dir := finished(t)
		edit(t, filepath.Join(dir, tt.file), tt.change)
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
	dir := finished(t)
	if err := os.Remove(filepath.Join(dir, CostFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "cost.jsonl has 0 lines in 0 bytes") {
		t.Errorf("a file that is gone: error %v", err)
	}
}

// TestRunsBeforeTheExamples: a run that was sealed when there were no examples is read, and one that they were added to is not.
func TestRunsBeforeTheExamples(t *testing.T) {
	dir := finished(t)
	edit(t, filepath.Join(dir, RunFile), func(s string) string {
		s = regexp.MustCompile(`(?s)    "evidence.jsonl": \{.*?\},\n`).ReplaceAllString(s, "")
		sealed := []byte(regexp.MustCompile(`"digest": "[0-9a-f]+"`).ReplaceAllString(s, `"digest": "`+undigested+`"`))
		replaceLast(sealed, undigested, digestOf(sealed))
		return string(sealed)
	})
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "evidence.jsonl has 2 lines in") {
		t.Errorf("examples that the run did not write: error %v", err)
	}
	if err := os.Remove(filepath.Join(dir, EvidenceFile)); err != nil {
		t.Fatal(err)
	}
	if d, err := Read(dir); err != nil || len(d.Examples) != 0 || len(d.Alerts) != 2 {
		t.Errorf("data %+v, error %v", d, err)
	}
}

// TestOlderRunsAreNotSealed: there is nothing to hold their files to, which is said.
func TestOlderRunsAreNotSealed(t *testing.T) {
	dir := write(t)
	edit(t, filepath.Join(dir, RunFile), func(s string) string {
		return strings.NewReplacer(`"schema": 3`, `"schema": 2`, `"running"`, `"complete"`).Replace(s)
	})
	d, err := Read(dir)
	if err != nil || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "cannot be checked") {
		t.Errorf("data %+v, error %v", d, err)
	}
}

func edit(t *testing.T, path string, change func(string) string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := change(string(text))
	if changed == string(text) {
		t.Fatalf("%s: nothing was changed", path)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOnlyFilesAreRead: what stands in place of a file is refused by its name, and none of it is waited for or read without end.
func TestOnlyFilesAreRead(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(recordFiles(), RunFile) {
		for what, tt := range map[string]struct {
			put  func(path string) error
			want string
		}{
			"a pipe":             {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is no regular file (prw"},
			"a directory":        {func(path string) error { return os.Mkdir(path, 0o700) }, "is no regular file (drwx"},
			"a link out":         {func(path string) error { return os.Symlink(outside, path) }, "is a link that leads out of the directory"},
			"a link to a device": {func(path string) error { return os.Symlink("/dev/zero", path) }, "is a link that leads out of the directory"},
			"a link to itself":   {func(path string) error { return os.Symlink(name, path) }, "is a link that leads out of the directory"},
			"holes": {func(path string) error {
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					return err
				}
				return os.Truncate(path, 100<<30)
			}, "has 107374182400 bytes; tollgate reads at most"},
			"a long line": {func(path string) error {
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					return err
				}
				return os.Truncate(path, mostOfLine+1)
			}, map[bool]string{true: "is cut off or damaged", false: ":1: bufio.Scanner: token too long"}[name == RunFile]},
		} {
			dir := write(t)
			path := filepath.Join(dir, name)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := tt.put(path); err != nil {
				t.Fatal(err)
			}
			_, err := Read(dir)
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s in place of %s: error %v, want one with %q", what, name, err, tt.want)
			}
		}
	}
}

// TestNothingOutsideIsWritten: links in a run directory are replaced, or refused, and never followed.
func TestNothingOutsideIsWritten(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.Symlink(outside, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := files.Write(link("report.html"), []byte("report")); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "report.html")); err != nil || string(text) != "report" {
		t.Errorf("the link was not replaced: %q, %v", text, err)
	}
	if _, err := files.New(link(CostFile)); err == nil {
		t.Error("a new file stands where a link was")
	}
	if _, err := OpenLatency(link(LatencyFile)); err == nil {
		t.Error("the latency log follows a link")
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "precious" {
		t.Errorf("the file outside has %q, %v", text, err)
	}
}

// TestImpossibleValues: what cannot be is refused, with file and line. Every number of every record is held to a range: TestRanges.
func TestImpossibleValues(t *testing.T) {
	good := map[string]string{
		CostFile: `{"phase":"toll","arm":"off","start":"2026-01-02T15:04:05Z","end":"2026-01-02T15:04:06Z","drained":true,"drain":1,` +
			`"work":{"arm":"off","scheduled":3,"sent":2,"dropped":1},"cpu":{"gateway":5},"rss":{"gateway":5},"telemetry":{"spans":1}}`,
		FaultsFile: `{"time":"2026-01-02T15:04:05Z","fault":"none","phase":"clean","arm":"off","values":{"x":-1}}`,
		EvidenceFile: `{"fault":"none","arm":"off","signal":"logs","first":"2026-01-02T15:04:05Z","log":{"time":"2026-01-02T15:04:05Z","service":"s","body":"b"},` +
			`"trace":[{"id":"1","service":"s","name":"n","start":"2026-01-02T15:04:05Z","took":5}]}`,
		AlertsFile: `{"time":"2026-01-02T15:04:05Z","arm":"off","alert":"A","from":"inactive","to":"pending"}`,
		VolumeFile: `{"launch":0,"arm":"off","requests":5,"bytes":9,"parts":[{"signal":"spans","name":"a","count":1,"bytes":9}]}`,
	}
	for _, tt := range []struct{ file, old, by, want string }{
		{CostFile, `"gateway":5`, `"gateway":-5`, `cpu["gateway"] is -5ns: want 0 to 10 years`},
		{CostFile, `"drain":1`, `"drain":9000000000000000000`, `drain is 2500000h0m0s: want`},
		{CostFile, `"spans":1`, `"spans":-1`, `telemetry.spans is -1`},
		{CostFile, `"phase":"toll"`, `"phase":"tolls"`, `phase is "tolls": want one of idle, toll, capacity, catch`},
		{CostFile, `"arm":"off","start"`, `"arm":"of","start"`, `arm is "of", which the run does not have`},
		{CostFile, `"work":{"arm":"off"`, `"work":{"arm":"traces-10"`, `work.arm is "traces-10" and arm is "off"`},
		{CostFile, `"sent":2`, `"sent":4`, `work: 3 scheduled are not 4 sent and 1 dropped`},
		{CostFile, `05Z","end"`, `08Z","end"`, `end is 2s before start`},
		{CostFile, `"start":"2026`, `"start":"9026`, `start is in the year 9026`},
		{FaultsFile, `"phase":"clean"`, `"phase":""`, `phase is "": want one of settle, quiet, firing, clean`},
		{FaultsFile, `"fault":"none"`, `"fault":"fire"`, `fault is "fire", which the run does not have`},
		{FaultsFile, `"arm":"off"`, `"arm":"of"`, `arm is "of", which`},
		{AlertsFile, `"to":"pending"`, `"to":"burning"`, `to is "burning": want one of inactive, pending, firing`},
		{AlertsFile, `"from":"inactive",`, ``, `from is ""`},
		{AlertsFile, `"time":"2026`, `"time":"0026`, `time is in the year 26`},
		{EvidenceFile, `"signal":"logs"`, `"signal":"metrics"`, `signal is "metrics": want one of logs, spans`},
		{EvidenceFile, `"signal":"logs"`, `"signal":"spans"`, `want a log record with logs, and none with spans`},
		{EvidenceFile, `"took":5`, `"took":-5`, `trace[0].took is -5ns: want 0 to 10 years`},
		{EvidenceFile, `"took":5`, `"took":5,"status":"late"`, `trace[0].status is "late": want one of`},
		{EvidenceFile, `"fault":"none"`, `"fault":"none","pass":1000`, `pass is 1000: want 0 to 999`},
		{EvidenceFile, `"arm":"off"`, `"arm":"of"`, `arm is "of", which`},
		{EvidenceFile, `"first":"2026`, `"first":"0026`, `first is in the year 26`},
		{VolumeFile, `"signal":"spans"`, `"signal":"span"`, `parts[0].signal is "span": want one of spans, logs, metrics`},
		{VolumeFile, `"name":"a"`, `"rest":"more"`, `parts[0].rest is "more": want one of`},
		{VolumeFile, `"count":1`, `"count":-1`, `parts[0].count is -1`},
		{VolumeFile, `"arm":"off"`, `"arm":"of"`, `arm is "of", which`},
		{LatencyFile, "toll/", "tolls/", `phase is "tolls"`},
		{LatencyFile, "/response", "/respons", `kind is "respons"`},
		{LatencyFile, "/traces-10/", "/traces-11/", `arm is "traces-11"`},
		{LatencyFile, "round 1]", "round -1]", `round is -1: want 0 to`},
	} {
		dir := write(t)
		path := filepath.Join(dir, tt.file)
		line := `:2: `
		if tt.file == LatencyFile {
			line = `:`
			edit(t, path, func(s string) string { return strings.Replace(s, tt.old, tt.by, 1) })
		} else if err := os.WriteFile(path, []byte(good[tt.file]+"\n"+strings.Replace(good[tt.file], tt.old, tt.by, 1)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), tt.file+line) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s in place of %s: error %v, want one with %q", tt.by, tt.old, err, tt.want)
		}
	}
}

func TestImpossibleRuns(t *testing.T) {
	for _, tt := range []struct{ old, by, want string }{
		{`"launches": 0`, `"launches": -1`, "plan.launches is -1: want 0 to 10¹⁵"},
		{`"launches": 0`, `"launches": 2`, "a toll of some launches needs rounds, slot and rate above 0"},
		{`"rate": 0`, `"rate": 1e300`, "plan.rate is 1e+300"},
		{`"role": "level"`, `"role": "labels"`, `arms[1].role is "labels"`},
		{`"level": "traces-10"`, `"level": "traces-11"`, `arms[1].level is "traces-11", which the run does not have`},
		{`"schema": 3,
  "id": "test",
  "status": "running"`, `"schema": 2, "status": "done"`, `status is "done": want one of running, complete, partial`},
		{`"slot": 0`, `"looks": [{"launches": 1, "error": 1.5}], "slot": 0`, "plan.looks[0].error is 1.5: want 0 to 1"},
		{`"cores": 0`, `"cores": -2`, "machine.cores is -2"},
	} {
		dir := write(t)
		edit(t, filepath.Join(dir, RunFile), func(s string) string { return strings.Replace(s, tt.old, tt.by, 1) })
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), RunFile) {
			t.Errorf("%s in place of %s: error %v, want one with %q", tt.by, tt.old, err, tt.want)
		}
	}
}

// TestWriterRefusesWhatReadWould: a run ends at a record that cannot be, with what was measured before it, and is not lost when it
// is read.
func TestWriterRefusesWhatReadWould(t *testing.T) {
	w := begun(t)
	err := w.Slot(Slot{Phase: slot.Toll, Arm: "off", Work: slot.ArmReport{Arm: "off"}, CPU: map[string]time.Duration{"gateway": -1}})
	if err == nil || !strings.Contains(err.Error(), `cost.jsonl: cpu["gateway"] is -1ns`) {
		t.Errorf("error %v", err)
	}
	if err := w.Finish(func(r *Run) { r.Status = Partial }); err != nil {
		t.Fatal(err)
	}
	if d, err := Read(w.Dir()); err != nil || len(d.Slots) != 2 {
		t.Errorf("%d slots, error %v", len(d.Slots), err)
	}
}

// TestForeignHistograms: a histogram of another geometry is refused, one that would not fit into memory too.
func TestForeignHistograms(t *testing.T) {
	tag := Tag{Phase: slot.Toll, Arm: "off", Step: "recommend", Kind: Response}
	for _, h := range []*hdr.Histogram{hdr.New(1, 100, 1), hdr.New(lowest, highest, 0), hdr.New(lowest, highest*2, digits)} {
		path := filepath.Join(t.TempDir(), LatencyFile)
		log, err := OpenLatency(path)
		if err == nil {
			err = log.Write(tag, time.UnixMilli(0), time.UnixMilli(1), h)
		}
		if err != nil {
			t.Fatal(err)
		}
		read, err := ReadLatency(path)
		if err != nil || len(read) != 1 {
			t.Fatalf("%d intervals, %v", len(read), err)
		}
		want := fmt.Sprintf("latency.hlog:6: latency of %s: a histogram from %d to %d with %d digits", tag,
			h.LowestTrackableValue(), h.HighestTrackableValue(), h.SignificantFigures())
		if _, err := read[0].Histogram(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestRanges: no number of a run directory can be below 0, but for those that are named here.
func TestRanges(t *testing.T) {
	negative := map[string]bool{
		"Run.Seed": true, "Run.Alerts.Fill": true, "Run.Alerts.Reach": true, "FaultEvent.Values": true, "Run.Faults.Signs": true, // see their comments
	}
	seen := 0
	for _, of := range []any{&Run{}, &Slot{}, &FaultEvent{}, &AlertEvent{}, &Example{}, &Volume{}} {
		record := reflect.ValueOf(of).Elem()
		eachNumber(record, record.Type().Name(), func() {}, func(path string, number reflect.Value, store func()) {
			seen++
			number.Set(reflect.ValueOf(-1).Convert(number.Type()))
			store()
			if err := inRange(record, "", ""); (err == nil) != negative[path] {
				t.Errorf("%s of -1: error %v", path, err)
			}
			number.SetZero()
			store()
		})
	}
	if seen < 80 {
		t.Errorf("only %d numbers", seen)
	}
}

// eachNumber visits every number that a value can hold, in lists, maps and behind pointers too. store makes a change of the number
// one of the value.
func eachNumber(v reflect.Value, path string, store func(), visit func(path string, number reflect.Value, store func())) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64, reflect.Float64:
		visit(path, v, store)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		eachNumber(v.Elem(), path, store, visit)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		eachNumber(v.Index(0), path, store, visit)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		eachNumber(value, path, func() {
			v.SetMapIndex(reflect.ValueOf("key"), value)
			store()
		}, visit)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type() != reflect.TypeFor[time.Time]() {
				eachNumber(v.Field(i), path+"."+v.Type().Field(i).Name, store, visit)
			}
		}
	}
}
