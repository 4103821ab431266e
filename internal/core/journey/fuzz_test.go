package journey

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// FuzzRead holds what is true of any file: an error names it; what is read is the same after it was written and read
// again; no line of a table is lost; and no step of a replay is before its time, however slow the replay is.
func FuzzRead(f *testing.F) {
	f.Add("tsv", []byte(fixture))
	f.Add("csv", []byte("SessionId,ItemId,Time,Channel\n\"a\",i1,1,app\n"))
	f.Add("csv", []byte("SessionId,ItemId,Time\na,i,0\na,i,9999-12-31T23:59:59Z\n"))
	f.Add("jsonl", []byte(`{"SessionId":"a","ItemId":1,"Time":1e9}`))
	pop := population.New(1, 10, 10)
	f.Fuzz(func(t *testing.T, format string, text []byte) {
		if len(text) > 1<<16 {
			t.Skip("too long to be quick")
		}
		sessions, err := parse("f."+format, string(text), Options{})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f."+format+":") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		again, err := parse("again.jsonl", string(written(t, sessions)), Options{})
		if err != nil || !reflect.DeepEqual(again, sessions) {
			t.Fatalf("%v\nis, written and read again, %v, %v", sessions, again, err)
		}
		if n := nonblank(text); format == tsv && !bytes.HasPrefix(text, []byte("\x1f\x8b")) && sessions.events() != n-1 {
			t.Errorf("%d events of %d lines with a header", sessions.events(), n)
		}
		checkReplay(t, newRecording(pop, sessions, Replay{Speed: 1, Recorded: true}, 1), 1)
		checkReplay(t, newRecording(pop, sessions, Replay{Speed: 1e-3, Recorded: true}, 1), 1000) // the slowest that there is
		checkReplay(t, newRecording(pop, sessions, Replay{Speed: 1e-3}, 1), 1000)
	})
}

// checkReplay fails the test where a step of a recording is before its time.
func checkReplay(t *testing.T, r *recording, scale float64) {
	t.Helper()
	for n := range 2 * r.all.size() {
		for _, s := range r.plan(n, rand.New(rand.NewPCG(1, 1)), population.Drift{}, scale).steps {
			if s.at < 0 || (s.need != nil && s.need.at > s.at) {
				t.Fatalf("session %d: %s at %s", n, s.Kind, s.at)
			}
		}
	}
	stream := NewStream(&Source{planner: r}, 0, "s", scale)
	stream.SetRate(1e-3, 0)
	for last := time.Duration(0); stream.count < 2*r.all.size() && stream.next < never; {
		if at := stream.Pop().at; at < last {
			t.Fatalf("a step at %s after one at %s", at, last)
		} else {
			last = at
		}
	}
}

// written is a file of sessions, as JSON lines.
func written(t *testing.T, sessions Sessions) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, s := range sessions {
		for _, e := range s.events {
			line := map[string]string{
				colSession: s.id, colItem: e.item, colTime: e.at.Format(time.RFC3339Nano), colChannel: e.channel, colEvent: e.kind,
			}
			if s.named {
				line[colUser] = e.user
			}
			if err := json.NewEncoder(&out).Encode(line); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out.Bytes()
}

// nonblank is how many lines of a text have something in them.
func nonblank(text []byte) (n int) {
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		if len(bytes.TrimSpace(line)) > 0 {
			n++
		}
	}
	return n
}
