package stack

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// TestAnswersSayWhereTheirTimeWent: with telemetry and without, the answer to a recommend names every service that took part, and
// what is within a hop took no longer than the hop.
func TestAnswersSayWhereTheirTimeWent(t *testing.T) {
	const spin = 3 * time.Millisecond
	for name, level := range map[string]Level{"off": {Off: true}, "noop": {}} {
		t.Run(name, func(t *testing.T) {
			d := deploy(t, func(of string, cfg *Config) {
				cfg.Level = level
				if of == role.Gateway {
					cfg.Spin = spin
				}
			})
			d.must("POST", role.Gateway, "/v1/login", loginRequest{Session: "s", User: "u3", Channel: "web"}, nil)
			ask := recommendRequest{Session: "s", Channel: "web", Slots: 5, Placement: "home"}
			var answer recommendAnswer
			status, header := d.call("POST", role.Gateway, "/v1/recommend", ask, &answer)
			if status != http.StatusOK || len(answer.Items) != 5 || answer.Reason != "" {
				t.Fatalf("%d %+v", status, answer)
			}
			hops := slot.Timing(header.Values(slot.TimingHeader))
			within := map[string]string{}
			took := map[string]time.Duration{}
			for _, h := range hops {
				within[h.Name], took[h.Name] = h.In, h.Took
			}
			want := map[string]string{role.Gateway: "", role.Decision: role.Gateway, role.Profile: role.Decision, role.Model: role.Decision}
			if len(hops) != len(want) || len(within) != len(want) {
				t.Fatalf("%s: want %v", header.Get(slot.TimingHeader), want)
			}
			for hop, in := range want {
				if within[hop] != in || took[hop] <= 0 {
					t.Errorf("%s within %q took %v, want it within %q: %s", hop, within[hop], took[hop], in, header.Get(slot.TimingHeader))
				}
			}
			own, all := slot.OwnTimes(hops)
			sum := time.Duration(0)
			for _, h := range own {
				sum += h.Took
			}
			if (sum - all).Abs() > 5*time.Microsecond { // of rounding
				t.Errorf("own times add up to %v of %v", sum, all)
			}
			i := slices.IndexFunc(own, func(h slot.Hop) bool { return h.Name == role.Gateway })
			if own[i].Took < spin {
				t.Errorf("of its own the gateway took %v, and spun %v", own[i].Took, spin)
			}
			if _, header := d.call("GET", role.Profile, "/healthz", nil, nil); header.Get(slot.TimingHeader) != "" {
				t.Errorf("/healthz says %q", header.Get(slot.TimingHeader))
			}
		})
	}
}

// TestTimedAnswer: a status, headers and body pass as they are, of answers without either, too, and calls are added up by name.
func TestTimedAnswer(t *testing.T) {
	get := func(serve http.HandlerFunc) (*httptest.ResponseRecorder, []slot.Hop) {
		w := httptest.NewRecorder()
		timed{"me", serve}.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		return w, slot.Timing(w.Result().Header.Values(slot.TimingHeader))
	}
	w, hops := get(func(w http.ResponseWriter, r *http.Request) {
		theirs := http.Header{slot.TimingHeader: {"db;dur=1, cache;dur=0.5;in=db"}}
		tookPart(r.Context(), theirs)
		tookPart(r.Context(), theirs)
		tookPart(context.Background(), theirs) // not for this answer
		w.Header().Set("X", "y")
		fail(w, http.StatusTeapot, context.Canceled)
	})
	if w.Code != http.StatusTeapot || w.Header().Get("X") != "y" || w.Body.String() != `{"error":"context canceled"}` {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if len(hops) != 3 || hops[0].Name != "me" || hops[1] != (slot.Hop{Name: "db", Took: 2 * time.Millisecond, In: "me"}) ||
		hops[2] != (slot.Hop{Name: "cache", Took: time.Millisecond, In: "db"}) {
		t.Errorf("%+v", hops)
	}
	if w, hops := get(func(http.ResponseWriter, *http.Request) {}); w.Code != http.StatusOK || w.Body.Len() > 0 || len(hops) != 1 {
		t.Errorf("of nothing: %d %q %v", w.Code, w.Body, hops)
	}
}

func BenchmarkTimed(b *testing.B) {
	text := make([]byte, 300)
	serve := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { replyBytes(w, http.StatusOK, text) })
	r := httptest.NewRequest("GET", "/", nil)
	for name, h := range map[string]http.Handler{"plain": serve, "timed": timed{"profile", serve}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
