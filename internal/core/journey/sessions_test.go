package journey

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

const fixture = `SessionId	ItemId	Time
s1	shoe	1700000000.5
s1	hat	1700000010.5
s2	coat	1700000003
s1	shoe	1700000010.5
s2	hat	1700000023
s3	hat	1700000001
`

func mustParse(t testing.TB, text string) Sessions {
	t.Helper()
	s, err := parse("clicks.tsv", text, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseFormats(t *testing.T) {
	want := "a:click/web/i1@0 purchase/store/i2@2.5 user ann; b:view/web/i3@1"
	for name, text := range map[string]string{
		"c.tsv": "\ufeffTime\tSessionId\tItemId\tUserId\tChannel\tEvent\tNote\n0\ta\ti1\t\t\t\t\"x\n1\tb\ti3\t\tweb\tview\t\n2.5\ta\ti2\tann\tstore\tpurchase\t\n",
		"c.CSV": "SessionId,ItemId,Time,UserId,Channel,Event\na,i1,1970-01-01T00:00:00Z,,,click\nb,i3,1,,web,view\r\na,\"i2\",2.5,ann,store,purchase\n",
		"c.jsonl": `{"SessionId":"a","ItemId":"i1","Time":0,"UserId":null}` + "\n\n" +
			`{"SessionId":"b","ItemId":"i3","Time":"1","UserId":"","Event":"view","Extra":[1]}` + "\n" +
			`{"SessionId":"a","ItemId":"i2","Time":2.5,"UserId":"ann","Channel":"store","Event":"purchase"}`,
	} {
		sessions, err := parse(name, text, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := show(sessions); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func show(sessions []session) string {
	var out []string
	for _, s := range sessions {
		var b strings.Builder
		b.WriteString(s.id + ":")
		for i, e := range s.events {
			if i > 0 {
				b.WriteByte(' ')
			}
			seconds := strings.TrimSuffix(e.at.Sub(time.Unix(0, 0)).String(), "s")
			b.WriteString(e.kind + "/" + e.channel + "/" + e.item + "@" + seconds)
		}
		if s.user != "" {
			b.WriteString(" user " + s.user)
		}
		out = append(out, b.String())
	}
	return strings.Join(out, "; ")
}

func TestParseErrors(t *testing.T) {
	const head = "SessionId\tItemId\tTime\tUserId\tChannel\tEvent\n"
	for _, tt := range []struct{ name, text, want string }{
		{"c.tsv", "", "c.tsv: the file is empty"},
		{"c.tsv", head, "c.tsv: no sessions"},
		{"c.jsonl", "\n\n", "c.jsonl: no sessions"},
		{"c.tsv", "SessionId\tTime\n", "c.tsv:1: column ItemId is missing\nc.tsv:1: the header has SessionId, Time"},
		{"c.tsv", head + "a\ti\t1\t\t\t\na\ti\t1\n", "c.tsv:3: 3 columns, but the header has 6"},
		{"c.tsv", head + "a\ti\tsoon\t\t\t\n", "c.tsv:2: Time must be seconds since 1970 or like"},
		{"c.tsv", head + "a\ti\t1700000000000\t\t\t\n", "c.tsv:2: Time must be seconds since 1970 (not milliseconds: divide them by 1000), got"},
		{"c.tsv", head + "a\ti\tNaN\t\t\t\n", "c.tsv:2: Time must be"},
		{"c.tsv", head + "a\ti\t2\t\t\t\n\na\ti\t1\t\t\t\n", `c.tsv:4: session "a" goes back in time, by 1s`}, // line 3 is empty
		{"c.tsv", head + "\ti\t2\t\t\t\n", "c.tsv:2: SessionId is empty"},
		{"c.tsv", head + "a\ti\t0\t\t\t\na\ti\t9999-12-31T23:59:59Z\t\t\t\n", "c.tsv:3: Time is 9999-12-31T23:59:59Z, and the file has times from 1970"},
		{"c.tsv", head + "a\ti\t1700000000\t\t\t\nb\ti\t0\t\t\t\n", "c.tsv:3: Time is 1970-01-01T00:00:00Z, and the file has times from 1970"}, // a time that was missing
		{"c.tsv", head + strings.Repeat("a", 81) + "\ti\t2\t\t\t\n", "c.tsv:2: SessionId must have at most 80 bytes, got 81"},
		{"c.tsv", head + "a\ti\t2\tann\t\t\na\ti\t2\tben\t\t\n", `c.tsv:3: session "a" has two users`},
		{"c.tsv", head + "a\ti\t2\t\tphone\t\n", `c.tsv:2: Channel must be one of web, app, store, got "phone"`},
		{"c.tsv", head + "a\ti\t2\t\t\tbuy\n", `c.tsv:2: Event must be one of click, purchase, view, got "buy"`},
		{"c.csv", "SessionId,ItemId,Time\na,\"i,1\n", "c.csv:2: "}, // a quotation that does not end
		{"c.jsonl", "{\"SessionId\":\"a\",\"ItemId\":\"i\",\"Time\":1}\nnonsense\n", "c.jsonl:2: want a JSON object in each line"},
		{"c.jsonl", `{"SessionId":"a","Time":1}`, "c.jsonl:1: ItemId is missing"},
		{"c.jsonl", `{"SessionId":"a","ItemId":[],"Time":1}`, "c.jsonl:1: ItemId must be a string or a number"},
	} {
		_, err := parse(tt.name, tt.text, Options{})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q:\n got %v\nwant %s…", tt.text, err, tt.want)
		}
	}
}

// Recorded clicks keep their order and their gaps, divided by speed, and end in the next page.
func TestReplayKeepsOrderAndGaps(t *testing.T) {
	pop := population.New(1, 20, 50)
	s := NewStream(&Source{planner: newRecording(pop, mustParse(t, fixture), Replay{Speed: 10}, 1)}, 0, "s", 1)
	s.SetRate(1, 0)
	clicks, pages := map[string][]*Step{}, map[string]int{}
	for s.count <= 6 { // the file twice
		st := s.Pop()
		switch st.Kind {
		case Click:
			clicks[st.Journey.Session] = append(clicks[st.Journey.Session], st)
		case Recommend:
			pages[st.Journey.Session]++
		}
	}
	for session, want := range map[string]struct {
		items []string
		gaps  []time.Duration
	}{
		"s-s1": {[]string{"shoe", "hat", "shoe"}, []time.Duration{time.Second, 0}}, // two at the same time keep their order
		"s-s2": {[]string{"coat", "hat"}, []time.Duration{2 * time.Second}},
		"s-s3": {[]string{"hat"}, nil},
	} {
		got := clicks[session]
		if len(got) != len(want.items) || pages[session] != len(want.items) {
			t.Fatalf("%s: %d clicks and %d pages, want %d", session, len(got), pages[session], len(want.items))
		}
		for i, st := range got {
			if st.item != pop.ItemFor(want.items[i]).ID {
				t.Errorf("%s: click %d on %s, want the item of %s", session, i, st.item, want.items[i])
			}
			if i > 0 && st.at-got[i-1].at != want.gaps[i-1] {
				t.Errorf("%s: gap %s before click %d, want %s", session, st.at-got[i-1].at, i, want.gaps[i-1])
			}
		}
		if got[0].Journey.User.ID != pop.UserFor(strings.TrimPrefix(session, "s-")).ID {
			t.Errorf("%s: user %s", session, got[0].Journey.User.ID)
		}
	}
	if len(clicks["s-s3-1"]) == 0 {
		t.Error("the second pass has no sessions of its own")
	}
}

func TestRecordedArrivals(t *testing.T) {
	r := newRecording(population.New(1, 20, 50), mustParse(t, fixture), Replay{Speed: 10, Recorded: true}, 1)
	var got []time.Duration
	for n := range 4 {
		at, ok := r.start(n)
		if !ok {
			t.Fatal("no recorded start")
		}
		got = append(got, at)
	}
	want := []time.Duration{0, 50 * time.Millisecond, 250 * time.Millisecond, 1250 * time.Millisecond} // by start, then again
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("session %d starts at %s, want %s", i, got[i], want[i])
		}
	}
}

func TestReadFileRefuses(t *testing.T) {
	for path, want := range map[string]string{
		os.DevNull:  os.DevNull + " is a device", // /dev/zero would have no end
		"/nowhere":  "no such file",
		t.TempDir(): "is a directory",
	} {
		if _, err := ReadFile(path, Reading{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}

func TestRealClicks(t *testing.T) {
	const path = "../../../../shared/data/yoochoose-clicks.tsv"
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the recorded clicks are not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := parse("yoochoose-clicks.tsv", string(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	for _, s := range sessions {
		events += len(s.events)
	}
	if lines := strings.Count(string(text), "\n"); events != lines-1 {
		t.Errorf("%d clicks of %d lines", events, lines)
	}
	source := &Source{planner: newRecording(population.New(1, 1000, 200), sessions, Replay{Speed: 600}, 1)}
	s := NewStream(source, 0, "s", 1)
	s.SetRate(100, 0)
	if n := len(perfect(s, 100*time.Second)); n < 5000 {
		t.Errorf("%d requests in 100 s of virtual time, want about 10,000", n)
	}
}
