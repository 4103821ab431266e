package runner

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/evidence"
)

// FuzzQueryLine: no line of OTLP JSON makes the search panic, and it never counts more records than the line can have.
func FuzzQueryLine(f *testing.F) {
	for _, signal := range []string{"logs", "spans"} {
		f.Add(signal, kept(f, time.Unix(1, 0), time.Unix(3, 0)))
		f.Add(signal, []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","startTimeUnixNano":"2000000000","attributes":[{"key":"perso.attribute","value":{"stringValue":"age"}}]}]}]}]}`))
		f.Add(signal, []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":18446744073709551615,"traceId":"00","attributes":[{"key":"perso.attribute"}]}]}]}]}`))
	}
	w := evidence.Windows{CleanStart: time.Unix(0, 0), CleanEnd: time.Unix(2, 0), FaultStart: time.Unix(2, 0), FaultEnd: time.Unix(1<<40, 0)}
	f.Fuzz(func(t *testing.T, signal string, line []byte) {
		if len(line) > 1<<14 {
			t.Skip("too long to be quick")
		}
		found := newQuery(&faults.Evidence{Signal: signal, Match: map[string]string{"perso.attribute": "age"}}, w)
		if err := found.Line(line); err != nil {
			return
		}
		if n := float64(strings.Count(string(line), "attribute")); found.clean < 0 || found.fault < 0 || found.clean+found.fault > n {
			t.Errorf("%v and %v records in a line with %v attributes", found.clean, found.fault, n)
		}
	})
}

// FuzzGather: no line of OTLP JSON makes the search for a trace panic, and what it keeps can be written and read.
func FuzzGather(f *testing.F) {
	const id = "000102030405060708090a0b0c0d0e0f"
	f.Add([]byte(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeSpans":[{"spans":[{"traceId":"` + id +
		`","spanId":"0001020304050607","parentSpanId":"0001020304050607","name":"n","startTimeUnixNano":"1000000000500000000","endTimeUnixNano":"1000000000600000000",` +
		`"attributes":[{"key":"perso.reason","value":{"arrayValue":{"values":[{"intValue":"1"}]}}}],"status":{"code":2}}]}]}]}`))
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"` + id + `","startTimeUnixNano":"18446744073709551615"}]}]}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if len(line) > 1<<14 {
			t.Skip("too long to be quick")
		}
		path := filepath.Join(t.TempDir(), "full.spans.jsonl")
		if err := os.WriteFile(path, append(line, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		e := &example{Example: result.Example{TraceID: id, Fault: "f", Arm: "full", Signal: result.InSpans}, query: newQuery(&faults.Evidence{}, evidence.Windows{})}
		e.query.sample = &sample{at: time.Unix(1_000_000_000, 0), trace: [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}
		if err := gather(path, []*example{e}); err != nil {
			return
		}
		e.bound()
		dir, err := result.Create(filepath.Join(t.TempDir(), "run"), result.Run{Levels: []result.Level{{Name: "full"}}, Faults: []result.Fault{{ID: "f"}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(dir.Example(e.Example), dir.Close()); err != nil {
			t.Fatal(err)
		}
		if d, err := result.Read(dir.Dir()); err != nil || len(d.Examples) != 1 || len(d.Examples[0].Trace) != len(e.Trace) {
			t.Errorf("%+v, read as %+v, %v", e.Example, d, err)
		}
	})
}

// FuzzScriptError: what is said of a log of k6 is one line, and something if the log has an error with a text.
func FuzzScriptError(f *testing.F) {
	f.Add(`time="2026-01-02T15:04:05Z" level=error msg="ReferenceError: nope\n\tat f (file:///home/me/a%20b/load.js:2:20(1))\n"`)
	f.Add(`level=error msg="could not load JS test 'file:///-': file:///%zz/load.js: Line 2:39 Unexpected token"`)
	f.Add(`level=error msg="\xff\u12"`)
	f.Fuzz(func(t *testing.T, log string) {
		if text := scriptError(log); strings.Contains(text, "\n") {
			t.Errorf("%q of %q", text, log)
		}
	})
}

// FuzzOwnOptions: every variable that k6 reads for options is either kept with its value or named as left, and no other is.
func FuzzOwnOptions(f *testing.F) {
	f.Add("K6_VUS", "3")
	f.Add("K6_INSECURE_SKIP_TLS_VERIFY", "true")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, name, value string) {
		kept, left := ownOptions(map[string]string{name: value, "K6_OUT": "json"})
		got, isKept := kept[name]
		isLeft := false
		for _, l := range left {
			isLeft = isLeft || l == name
		}
		if isKept && (isLeft || got != value) || (isKept || isLeft) && !strings.HasPrefix(name, "K6_") && !strings.HasPrefix(name, "SSLKEYLOGFILE") {
			t.Errorf("%q=%q: kept %v, left %v", name, value, kept, left)
		}
	})
}
