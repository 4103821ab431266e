package stack

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"strconv"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// handler instruments a route; its span and metrics carry the mux pattern.
func (t *telemetry) handler(next http.Handler) http.Handler {
	if !t.on() {
		return next
	}
	return otelhttp.NewHandler(served{next}, "", otelhttp.WithTracerProvider(t.tracers), otelhttp.WithMeterProvider(t.meters),
		otelhttp.WithPropagators(t.propagator))
}

// transport instruments outgoing requests. The paths of the stack hold no ids, so a path is its own template.
func (t *telemetry) transport(base http.RoundTripper) http.RoundTripper {
	if !t.on() {
		return base
	}
	return otelhttp.NewTransport(asked{base}, otelhttp.WithTracerProvider(t.tracers), otelhttp.WithMeterProvider(t.meters),
		otelhttp.WithPropagators(t.propagator),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Path }))
}

// served adds the error.type of an answer that says that the server failed. Otelhttp has it neither in the span nor in the
// metrics of a server.
type served struct{ next http.Handler }

// ServeHTTP implements http.Handler.
func (s served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := &statusWriter{ResponseWriter: w}
	s.next.ServeHTTP(seen, r)
	if seen.status < http.StatusInternalServerError {
		return
	}
	kind := semconv.ErrorTypeKey.String(strconv.Itoa(seen.status))
	trace.SpanFromContext(r.Context()).SetAttributes(kind)
	labels, _ := otelhttp.LabelerFromContext(r.Context())
	labels.Add(kind)
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int // 0 until it is written
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the writer below, for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// asked adds what otelhttp leaves out: the url.template, and the error.type of an answer in the metrics.
// It reads an answer to its end, so that an answer that breaks off is a failure in the metrics, too.
type asked struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (a asked) RoundTrip(r *http.Request) (*http.Response, error) {
	template := semconv.URLTemplate(r.URL.Path)
	span := trace.SpanFromContext(r.Context())
	span.SetAttributes(template)
	if more := spanAttributes(r.Context()); len(more) > 0 {
		span.SetAttributes(more...)
	}
	labels, _ := otelhttp.ClientLabelerFromContext(r.Context())
	labels.Add(template)
	resp, err := a.base.RoundTrip(r)
	if err != nil {
		return nil, named(err)
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // nothing of it is left
	if err != nil {
		return nil, named(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	if resp.StatusCode >= http.StatusBadRequest {
		labels.Add(semconv.ErrorTypeKey.String(strconv.Itoa(resp.StatusCode)))
	}
	return resp, nil
}

// connectionError is a failure to get an answer. Its own type is in the error.type, because otelhttp writes a pointer's type in
// one way into the span and in another into the metrics.
type connectionError struct{ error }

// Unwrap returns the failure itself.
func (e connectionError) Unwrap() error { return e.error }

// named returns an error whose type has a name of its own: a pointer is wrapped.
func named(err error) error {
	if reflect.TypeOf(err).Name() != "" {
		return err
	}
	return connectionError{err}
}
