package main

import (
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// unwatched is a watcher that does not look.
type unwatched struct{}

func (unwatched) Request(*journey.Step, journey.Reply)              {}
func (unwatched) Outcome(time.Time, *journey.Step, journey.Outcome) {}

// TestRequestsPerJourney holds what bench-load takes for granted of journeys of the scripts' population on its target.
func TestRequestsPerJourney(t *testing.T) {
	server := httptest.NewServer(newTarget())
	defer server.Close()
	source := journey.FromPopulation(journey.People{Seed: 1, Users: 1000, Items: 200})
	const n = 1500
	requests, clicks, shown := 0, 0, 0
	for k := range n {
		w := &journey.Walk{People: source.People(), Watch: unwatched{}, Client: journey.NewClient(http.DefaultTransport, server.URL, "", time.Minute)}
		w.Play(t.Context(), source.Journey(k, 0, func(string) string { return strconv.Itoa(k) }), time.Now())
		if w.Failed > 0 || w.Breaks > 0 {
			t.Fatalf("journey %d: %d requests failed, %d answers were under another identity", k, w.Failed, w.Breaks)
		}
		requests, clicks, shown = requests+w.Requests, clicks+w.Clicks, shown+w.Impressions
	}
	if got := float64(requests) / n; relative(got, perJourney) > 0.02 {
		t.Errorf("%.2f requests a journey, want about %v", got, perJourney)
	}
	if got := float64(clicks) / float64(shown); math.Abs(got-clickShare) > 0.02 {
		t.Errorf("%.3f of the slates are clicked, want about %v", got, clickShare)
	}
}
