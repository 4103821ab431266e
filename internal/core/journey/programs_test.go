package journey

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// TestLateClock: events of the channel say that they are older than they are, and no others do.
func TestLateClock(t *testing.T) {
	pop, now := population.New(1, 10, 8), time.UnixMilli(1_700_000_000_000)
	drift := population.Drift{Programs: population.Programs{LateChannel: App, Late: 15 * time.Minute}}
	for channel, want := range map[string]time.Duration{App: 15 * time.Minute, Web: 0, Store: 0} {
		s := &Step{Kind: Impression, Channel: channel, Journey: &Journey{Session: "s"}, view: &view{answer: &recommendation{RequestID: "r"}}}
		call, _, _ := s.Prepare(pop, drift, now)
		if late := now.Sub(time.UnixMilli(call.body.(eventBody).TimeMS)); late != want {
			t.Errorf("%s is %v late, want %v", channel, late, want)
		}
	}
}

// TestResend: the share of clicks, and nothing else, is sent again, with the same body.
func TestResend(t *testing.T) {
	pop := population.New(1, 10, 8)
	for _, share := range []float64{0, 0.3, 1} {
		again := 0
		for i := range 2000 {
			v := &view{answer: &recommendation{RequestID: fmt.Sprintf("%x", i), Items: []string{"i1"}}}
			for _, kind := range []string{Impression, Purchase, Click} {
				s := &Step{Kind: kind, Channel: App, Journey: &Journey{Session: "s"}, view: v, item: "i1"}
				call, _, _ := s.Prepare(pop, population.Drift{Programs: population.Programs{Resend: share}}, time.Now())
				if call.again && kind != Click {
					t.Fatalf("%s is sent again", kind)
				}
				if call.again {
					again++
				}
			}
		}
		if got := float64(again) / 2000; got < share-0.04 || got > share+0.04 {
			t.Errorf("%g of the clicks are sent again, want %g", got, share)
		}
	}
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { requests.Add(1) }))
	defer server.Close()
	client := NewClient(server.Client().Transport, server.URL, "", time.Second)
	for want, again := range map[int64]bool{1: false, 2: true} {
		requests.Store(0)
		if r := client.Post(t.Context(), Call{path: "/v1/events", body: eventBody{}, again: again}, time.Now()); r.Err != nil || requests.Load() != want {
			t.Errorf("%d requests, %v; want %d", requests.Load(), r.Err, want)
		}
	}
}
