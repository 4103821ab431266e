package perso

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// TestDriverRecordsHops: what the answers to the main step say is recorded once, at the end of a slot in slices, and only of them.
func TestDriverRecordsHops(t *testing.T) {
	source := testCrowd(1)
	g := journeytest.New(t, source.People())
	g.Timing = "gateway;dur=5, model;dur=2;in=gateway, cache;desc=hit"
	for _, tt := range []struct {
		name   string
		change func(*slot.Order)
		want   []string // step and kind
	}{
		{"main step", func(o *slot.Order) { o.Main = journey.Recommend }, []string{"recommend/outside", "gateway/own", "model/own"}},
		{"nobody asks", nil, nil},
		{"another phase", func(o *slot.Order) { o.Main, o.Phase = journey.Recommend, slot.Capacity }, nil},
		{"another step", func(o *slot.Order) { o.Main = journey.Click }, nil},
	} {
		d := testDriver(source, nil)
		path := filepath.Join(t.TempDir(), "latency.hlog")
		log, err := result.OpenLatency(path)
		if err != nil {
			t.Fatal(err)
		}
		const pieces = 3
		for n := range pieces {
			o := testOrder(g, tt.change)
			o.ID, o.Duration, o.More = n, o.Duration/pieces, n < pieces-1
			run, err := d.run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.finish(run, log); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		intervals, err := result.ReadLatency(path)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		var answers int64
		for _, i := range intervals {
			h := histogram(t, i)
			switch {
			case i.Kind == result.Own:
				want := map[string]time.Duration{"gateway": 3 * ms, "model": 2 * ms}[i.Step]
				if min, max := time.Duration(h.Min()), time.Duration(h.Max()); min.Round(ms/10) != want || max.Round(ms/10) != want {
					t.Errorf("%s: %s took %s to %s, want %s", tt.name, i.Step, min, max, want)
				}
			case i.Kind == result.Outside:
				if h.Max() > int64(time.Second) { // the fake answers at once, so that its 5 ms are longer than the whole
					t.Errorf("%s: outside %d", tt.name, h.Max())
				}
			case i.Kind == result.Service && i.Step == journey.Recommend:
				answers = h.TotalCount()
				continue
			default:
				continue
			}
			got = append(got, i.Step+"/"+i.Kind)
			if h.TotalCount() != answers || answers == 0 {
				t.Errorf("%s: %d values of %s, of %d answers", tt.name, h.TotalCount(), i.Step, answers)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: recorded %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestHopsAreBounded: names that differ in every answer end up in one histogram, with all of their time.
func TestHopsAreBounded(t *testing.T) {
	b := newDriver(nil, nil)
	r := b.newRecord(&slotRun{order: slot.Order{Phase: slot.Toll, Main: "request"}}, "off")
	for n := range 100 {
		r.parts("request", []slot.Hop{{Name: fmt.Sprintf("db-%d", n), Took: ms}, {Name: fmt.Sprintf("app-%d", n), Took: ms}}, 3*ms)
	}
	r.parts("request", nil, 3*ms)                              // an answer that tells nothing
	r.parts("click", []slot.Hop{{Name: "db-0", Took: ms}}, ms) // another step
	if want := mostHops + 2; len(r.hops) != want {
		t.Errorf("%d histograms, want %d", len(r.hops), want)
	}
	if h := r.hops[hop{otherHops, result.Own}]; h.TotalCount() != 96 || time.Duration(h.Max()).Round(ms/10) != 2*ms {
		t.Errorf("%d others up to %d, want 96 of 2 ms, two of each answer together", h.TotalCount(), h.Max())
	}
	if h := r.hops[hop{"request", result.Outside}]; h.TotalCount() != 100 || time.Duration(h.Max()).Round(ms/10) != ms {
		t.Errorf("%d outside up to %d, want 100 of 1 ms", h.TotalCount(), h.Max())
	}
	if names := b.hops("request"); len(names) != mostHops+2 || names[0] != (hop{"request", result.Outside}) || names[1].step != "db-0" {
		t.Errorf("%v", names)
	}
}

// TestTurnsRecordHops: a script's answers are read like those of journeys, and those that failed are not.
func TestTurnsRecordHops(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(slot.TimingHeader, "app;dur=30")
		w.WriteHeader(status)
	}))
	defer server.Close()
	origin, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	on := testTurn(at)
	on.arm.origin, on.rec.run.order.Main = origin, "search"
	for _, status = range []int{http.StatusOK, http.StatusBadGateway} {
		req, err := http.NewRequest(http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&wire{next: http.DefaultTransport, turn: on}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		for conn, open := range on.open {
			open[0].sent = at
			on.sample(testTrail(conn, at.Add(40*ms), 40*ms, "search"))
		}
	}
	for of, want := range map[hop]time.Duration{{"app", result.Own}: 30 * ms, {"search", result.Outside}: 10 * ms} {
		if h := on.rec.hops[of]; h == nil || h.TotalCount() != 1 || time.Duration(h.Max()).Round(ms) != want {
			t.Errorf("%v: %+v, want one of %s", of, h, want)
		}
	}
	if len(on.rec.hops) != 2 || on.rec.report.Sent != 2 {
		t.Errorf("%d histograms of %d answers", len(on.rec.hops), on.rec.report.Sent)
	}
}
