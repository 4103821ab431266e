package perso

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/netext/httpext"
	"go.k6.io/k6/v2/metrics"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// failure is why a request failed, in the terms of k6/http: its error and its error code
// (https://grafana.com/docs/k6/latest/javascript-api/error-codes/).
type failure struct {
	code int    // 0: none
	text string // "" for a status, which speaks for itself
}

// unreadable is the code of an answer that cannot be used, though its status promises one: k6's code for errors of no kind.
const unreadable = 1000

// explain says why a request failed.
func explain(r journey.Reply) failure {
	switch {
	case r.Status == 0:
		return k6Failure(r.Err)
	case r.Status >= http.StatusBadRequest:
		return failure{code: 1000 + r.Status}
	case r.Status >= http.StatusMultipleChoices:
		return failure{unreadable, "a redirect, which is not followed"}
	default:
		return failure{unreadable, "the answer cannot be read"}
	}
}

// k6Failure is what k6/http makes of an error of a request. k6 does not export the table of its codes, so the error goes
// through a request of k6's that goes nowhere.
func k6Failure(err error) failure {
	if wrapped, ok := err.(*url.Error); ok { // of http.Client, where k6 looks below it
		err = wrapped.Err
	}
	registry := metrics.NewRegistry()
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	state := &lib.State{
		Transport: fails{err}, Logger: logger, BuiltinMetrics: metrics.RegisterBuiltinMetrics(registry),
		Samples: make(chan metrics.SampleContainer, 1), Options: lib.Options{SystemTags: new(metrics.SystemTagSet)},
	}
	const nowhere = "http://127.0.0.1"
	to, _ := httpext.NewURL(nowhere, nowhere)
	req, _ := http.NewRequest(http.MethodPost, nowhere, nil)
	resp, makeErr := httpext.MakeRequest(context.Background(), state, &httpext.ParsedHTTPRequest{
		URL: &to, Req: req, Timeout: time.Minute, TagsAndMeta: metrics.TagsAndMeta{Tags: registry.RootTagSet()},
	})
	if makeErr != nil {
		return failure{unreadable, err.Error()}
	}
	return failure{resp.ErrorCode, resp.Error}
}

// fails is a transport on which every request fails in the same way.
type fails struct{ err error }

// RoundTrip implements http.RoundTripper.
func (f fails) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// failures counts the requests of a k6 process that failed, and warns of them as k6/http does, but of the first of each kind
// only. How many there were of a kind is said when the last context ends under which some failed. The zero value is ready.
type failures struct {
	mu    sync.Mutex
	count map[int]int64            // by code
	said  map[int]int64            // likewise, as it was last said
	under map[context.Context]bool // that have not ended
}

// add takes a failure.
func (f *failures) add(ctx context.Context, logger logrus.FieldLogger, why failure, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count, f.said, f.under = map[int]int64{}, map[int]int64{}, map[context.Context]bool{}
	}
	if !f.under[ctx] {
		f.under[ctx] = true
		context.AfterFunc(ctx, func() { f.ended(ctx, logger) })
	}
	f.count[why.code]++
	if f.count[why.code] == 1 {
		logger.WithFields(logrus.Fields{"error": err, "error_code": why.code}).Warn("Request Failed")
		f.said[why.code] = 1
	}
}

// ended says how many requests failed, by kind, when the last context has ended.
func (f *failures) ended(ctx context.Context, logger logrus.FieldLogger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if delete(f.under, ctx); len(f.under) > 0 {
		return
	}
	for _, code := range slices.SortedFunc(maps.Keys(f.count), func(a, b int) int { return cmp.Compare(f.count[b], f.count[a]) }) {
		if n := f.count[code]; n != f.said[code] {
			logger.WithField("error_code", code).Warn(fmt.Sprintf("%d Requests Failed, the first of which is above", n))
			f.said[code] = n
		}
	}
}
