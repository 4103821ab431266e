package stack

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// isHop says whether a route takes part in the answer to a recommend. Its answers say how long it took, at every level alike.
func isHop(pattern string) bool {
	return slices.Contains([]string{"POST /v1/recommend", "POST /v1/decide", "POST /v1/rank", "GET /v1/profile", "GET /v1/content"}, pattern)
}

// timed is a service's handler whose answers say in slot.TimingHeader how long it took, and how long the services took that it called.
// The time is that of the handler with its instrumentation, the end of its span included: the answer is held back so long. What
// the server does before and after is in none: reading the request's head, and writing the answer.
type timed struct {
	service string
	next    http.Handler
}

// ServeHTTP implements http.Handler.
func (t timed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	a := &timedAnswer{ResponseWriter: w, service: t.service}
	t.next.ServeHTTP(a, r.WithContext(context.WithValue(r.Context(), timedKey{}, a)))
	a.release(time.Since(begun))
}

// timedAnswer holds back an answer and adds up what the services say that were called for it.
type timedAnswer struct {
	http.ResponseWriter
	service string
	status  int
	body    []byte

	mu    sync.Mutex // a handler may make calls side by side
	calls []slot.Hop
}

// timedKey is the key of the timedAnswer in a context.
type timedKey struct{}

// WriteHeader implements http.ResponseWriter.
func (a *timedAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *timedAnswer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

// release writes the answer.
func (a *timedAnswer) release(took time.Duration) {
	a.mu.Lock()
	hops := append(make([]slot.Hop, 0, 1+len(a.calls)), slot.Hop{Name: a.service, Took: took})
	hops = append(hops, a.calls...)
	a.mu.Unlock()
	a.Header().Set(slot.TimingHeader, slot.FormatTiming(hops))
	a.WriteHeader(http.StatusOK)
	a.ResponseWriter.WriteHeader(a.status)
	_, _ = a.ResponseWriter.Write(a.body) // a client that is gone needs no answer
}

// tookPart takes what the answer of another service says of its time, for the answer that it was called for.
func tookPart(ctx context.Context, answer http.Header) {
	a, ok := ctx.Value(timedKey{}).(*timedAnswer)
	if !ok {
		return
	}
	hops := slot.Timing(answer.Values(slot.TimingHeader))
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, h := range hops {
		if h.In == "" {
			h.In = a.service
		}
		a.calls = slot.AddHop(a.calls, h)
	}
}
