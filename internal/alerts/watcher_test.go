package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// An evaluation is one step of 500 ms; states are written as a string with one letter for each evaluation: pending,
// firing, inactive (a staleness marker), or missed (nothing was evaluated).
const step = 500 * time.Millisecond

var origin = time.UnixMilli(1_700_000_000_000)

func at(i int) time.Time { return origin.Add(time.Duration(i) * step) }

// recorded answers as a Prometheus does that evaluated alerts in the given states.
type recorded struct {
	states map[string]string // by instance
	down   bool
	asked  int

	written time.Time // until when samples are there; zero: all
}

var rangeQuery = regexp.MustCompile(`^ALERTS\[(\d+)ms\]$`)

func (r *recorded) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.asked++
	if r.down {
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	if d := req.FormValue("lookback_delta"); d != "" {
		if _, err := model.ParseDuration(d); err != nil { // as Prometheus parses it
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	seconds, _ := strconv.ParseFloat(req.FormValue("time"), 64)
	end := time.UnixMilli(int64(seconds*1000 + 0.5))
	out, kind := []map[string]any{}, "vector"
	if rangeQuery.MatchString(req.FormValue("query")) {
		kind = "matrix"
	}
	for instance, states := range r.states {
		for state, letter := range map[string]byte{result.Pending: 'p', result.Firing: 'f'} {
			metric := map[string]string{"__name__": "ALERTS", "alertname": "A", "alertstate": state, "instance": instance}
			var values [][2]any
			alive := false
			for i := range states {
				if at(i).After(end) || !r.written.IsZero() && at(i).After(r.written) {
					break
				}
				if states[i] != 'm' {
					alive = states[i] == letter
				}
				if states[i] == letter {
					values = append(values, [2]any{float64(at(i).UnixMilli()) / 1000, "1"})
				}
			}
			if m := rangeQuery.FindStringSubmatch(req.FormValue("query")); m != nil {
				ms, _ := strconv.Atoi(m[1])
				start := end.Add(-time.Duration(ms) * time.Millisecond)
				for len(values) > 0 && !time.UnixMilli(int64(values[0][0].(float64)*1000+0.5)).After(start) {
					values = values[1:]
				}
				if len(values) > 0 {
					out = append(out, map[string]any{"metric": metric, "values": values})
				}
			} else if alive {
				out = append(out, map[string]any{"metric": metric, "value": [2]any{seconds, "1"}})
			}
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": kind, "result": out}})
}

func TestWatcher(t *testing.T) {
	for _, tt := range []struct {
		name   string
		states string
		want   string // STATE@EVALUATION …
	}{
		{"quiet", "iiiiiiiiii", ""},
		{"rises and ends", "iippffffiiii", "pending@2 firing@4 inactive@8"},
		{"without for", "iifffiiii", "firing@2 inactive@5"},
		{"pending only", "ipppiiii", "pending@1 inactive@4"},
		{"flapping", "pffippfipfiii", "pending@0 firing@1 inactive@3 pending@4 firing@6 inactive@7 pending@8 firing@9 inactive@10"},
		{"off for one evaluation", "ffifffiii", "firing@0 inactive@2 firing@3 inactive@6"},
		{"still firing", "iipfffff", "pending@2 firing@3"},
		// Evaluations that did not happen end nothing.
		{"missed evaluations", "ipmmpfmmmffiii", "pending@1 firing@5 inactive@11"},
		{"missed at the end", "iffmmmmm", "firing@1"},
	} {
		for _, every := range []time.Duration{step, 3 * step / 4, 5 * step, 40 * step} {
			t.Run(fmt.Sprintf("%s every %v", tt.name, every), func(t *testing.T) {
				server := httptest.NewServer(&recorded{states: map[string]string{"a": tt.states}})
				defer server.Close()
				now := origin.Add(-time.Millisecond)
				w := &Watcher{Arm: "full", URL: server.URL, Eval: step, Since: origin, Now: func() time.Time { return now }}
				var got []string
				for end := at(len(tt.states)); now.Before(end); {
					now = now.Add(every)
					events, err := w.Poll(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					for _, e := range events {
						got = append(got, fmt.Sprintf("%s@%d", e.To, e.Time.Sub(origin)/step))
						if e.Arm != "full" || e.Alert != "A" || !reflect.DeepEqual(e.Labels, map[string]string{"instance": "a"}) {
							t.Errorf("event %+v", e)
						}
					}
				}
				if text := strings.Join(got, " "); text != tt.want {
					t.Errorf("got  %s\nwant %s", text, tt.want)
				}
			})
		}
	}
}

// Label sets are followed apart, and events of one Poll come by time.
func TestWatcherLabelSets(t *testing.T) {
	server := httptest.NewServer(&recorded{states: map[string]string{"a": "iiippfff", "b": "iffiiiii"}})
	defer server.Close()
	w := &Watcher{Arm: "full", URL: server.URL, Eval: step, Since: origin, Now: func() time.Time { return at(8) }}
	events, err := w.Poll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	from := map[string]string{}
	for _, e := range events {
		instance := e.Labels["instance"]
		if want := from[instance]; e.From != want && !(want == "" && e.From == result.Inactive) {
			t.Errorf("%s changes from %s, it was %s", instance, e.From, want)
		}
		from[instance] = e.To
		got = append(got, instance+":"+e.To)
	}
	if text := strings.Join(got, " "); text != "b:firing a:pending b:inactive a:firing" {
		t.Error(text)
	}
}

// A Prometheus that cannot be asked is an error that names the arm; what happened meanwhile is reported afterwards.
func TestWatcherSurvivesAnOutage(t *testing.T) {
	prom := &recorded{states: map[string]string{"a": "iippffffiiii"}}
	server := httptest.NewServer(prom)
	defer server.Close()
	now := at(1)
	w := &Watcher{Arm: "full", URL: server.URL, Eval: step, Since: origin, Now: func() time.Time { return now }}
	if events, err := w.Poll(t.Context()); err != nil || len(events) != 0 {
		t.Fatal(events, err)
	}
	prom.down, now = true, at(6)
	if _, err := w.Poll(t.Context()); err == nil || !strings.Contains(err.Error(), "arm full") {
		t.Fatalf("error %v, want one that names the arm", err)
	}
	prom.down, now = false, at(40)
	events, err := w.Poll(t.Context())
	if err != nil || len(events) != 3 {
		t.Fatal(events, err)
	}
	if events, err := w.Poll(t.Context()); err != nil || len(events) != 0 {
		t.Fatalf("reported twice: %v %v", events, err)
	}
	server.Close()
	if _, err := w.Poll(context.Background()); err == nil || !strings.Contains(err.Error(), "arm full") {
		t.Fatalf("error %v, want one that names the arm", err)
	}
}

// Of a Prometheus that has the alerts of several arms, only those with this arm's labels are looked at.
func TestWatcherMatches(t *testing.T) {
	var queries []string
	firing := &recorded{states: map[string]string{"a": "ff"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.FormValue("query")
		queries = append(queries, query)
		r.Form.Set("query", strings.Replace(query, `{deployment="full",region="a\"b"}`, "", 1))
		firing.ServeHTTP(w, r)
	}))
	defer server.Close()
	now := at(1)
	w := &Watcher{URL: server.URL, Eval: step, Since: origin, Now: func() time.Time { return now },
		Match: map[string]string{"region": `a"b`, "deployment": "full"}}
	if events, err := w.Poll(t.Context()); err != nil || len(events) != 1 || events[0].To != result.Firing {
		t.Fatalf("%v, %v", events, err)
	}
	now = at(4) // the alert has had no sample for too long: is it active?
	if _, err := w.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, query := range queries {
		if !strings.Contains(query, `deployment="full",region="a\"b"}`) {
			t.Errorf("query %s is for all arms", query)
		}
	}
	if last := queries[len(queries)-1]; !strings.HasPrefix(last, `ALERTS{alertname="A",`) {
		t.Errorf("the last query is %s, want one for the alert", last)
	}
}

// An alert is followed at the interval of its own group: one that has missed a few of its evaluations has not ended for being
// beside a fast one, and the end of a fast one is not put off by a slow one. The time of a sample is that of its evaluation less
// the group's query offset.
func TestWatcherOwnInterval(t *testing.T) {
	rules := func(every int, offset time.Duration) result.Rules {
		return result.Rules{
			{Name: "A", Interval: time.Duration(every) * step, QueryOffset: offset},
			{Name: "Slow", Interval: time.Hour}, // of no concern
		}
	}
	for _, tt := range []struct {
		name   string
		every  int
		offset time.Duration
		states string
		want   string
	}{
		{"fast", 1, 0, "iffffiiii", "firing@1 inactive@5"},
		{"slow", 4, 0, "fmmmfmmmimmmimmm", "firing@0 inactive@8"},
		{"query offset", 1, 3 * step, "iffffiiiiiii", "firing@4 inactive@8"},
		{"long query offset", 1, 30 * step, "iffffiiiiiii" + strings.Repeat("i", 30), "firing@31 inactive@35"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			prometheus := &recorded{states: map[string]string{"a": tt.states}}
			now := origin.Add(-time.Millisecond)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				prometheus.written = now.Add(-tt.offset) // what is evaluated now is dated back
				prometheus.ServeHTTP(w, r)
			}))
			defer server.Close()
			w := &Watcher{URL: server.URL, Rules: rules(tt.every, tt.offset), Eval: time.Hour, Since: origin, Now: func() time.Time { return now }}
			var got []string
			for end := at(len(tt.states) + int(tt.offset/step)); now.Before(end); {
				now = now.Add(step)
				events, err := w.Poll(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range events {
					got = append(got, fmt.Sprintf("%s@%d", e.To, e.Time.Sub(origin)/step))
				}
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
		})
	}
}

// Present asks for the series of each selector, of this arm alone.
func TestPresent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		names := []string{}
		switch match := r.FormValue("match[]"); match {
		case `up{deployment="full"}`:
			names = []string{"up"}
		case `up{deployment="full",job="x"}`, `lost{deployment="full"}`:
		default:
			http.Error(w, match, http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": names})
	}))
	defer server.Close()
	w := &Watcher{Arm: "full", URL: server.URL, Since: origin, Match: map[string]string{"deployment": "full"}}
	up, down, lost := Selector{"up", "up"}, Selector{"up", `up{job="x"}`}, Selector{"lost", "lost"}
	got, err := w.Present(t.Context(), []Selector{up, down, lost})
	if err != nil || !got[up] || got[down] || got[lost] {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := w.Present(t.Context(), []Selector{{"a", "a"}}); err == nil || !strings.Contains(err.Error(), "arm full: series of a") {
		t.Errorf("error %v", err)
	}
}
