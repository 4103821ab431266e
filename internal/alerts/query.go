package alerts

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// labelState is the label of ALERTS that holds the alert's state.
const labelState = "alertstate"

// queryLimit is how long an answer of Prometheus may take.
const queryLimit = 5 * time.Second

// sampled is the samples of one alert in a window, pending and firing ones, by time.
type sampled struct {
	name   string
	labels map[string]string
	points []point
}

type point struct {
	time  time.Time
	state string
}

// samples reads the raw samples of ALERTS in the window that ends at a time.
func (w *Watcher) samples(ctx context.Context, end time.Time, window time.Duration) (map[string]*sampled, error) {
	series, err := query[model.Matrix](ctx, w, fmt.Sprintf("ALERTS%s[%dms]", w.matchers(), window.Milliseconds()), end)
	if err != nil {
		return nil, err
	}
	out := map[string]*sampled{}
	for _, s := range series {
		name, state, labels := identity(s.Metric)
		key := name + labels.String()
		alert, ok := out[key]
		if !ok {
			alert = &sampled{name: name, labels: map[string]string{}}
			for label, value := range labels {
				alert.labels[string(label)] = string(value)
			}
			out[key] = alert
		}
		for _, v := range s.Values {
			alert.points = append(alert.points, point{v.Timestamp.Time(), state})
		}
	}
	for _, alert := range out {
		slices.SortFunc(alert.points, func(a, b point) int { return a.time.Compare(b.time) })
	}
	return out, nil
}

// active tells which label sets of an alert had no end marked before a time. It looks back to the alert's last
// sample, which may be farther than Prometheus does by itself.
func (w *Watcher) active(ctx context.Context, f *following, at time.Time) (map[string]bool, error) {
	series, err := query[model.Vector](ctx, w, "ALERTS"+w.matchers("alertname="+strconv.Quote(f.name)), at,
		prometheus.WithLookbackDelta(at.Sub(f.last).Truncate(time.Second)+2*time.Second)) // Prometheus reads no fractions of a second
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, s := range series {
		name, _, labels := identity(s.Metric)
		out[name+labels.String()] = true
	}
	return out, nil
}

// First evaluates an expression at a time, and returns how many series its result has, and the first of them as text. It may be
// called while another goroutine polls.
func (w *Watcher) First(ctx context.Context, expr string, at time.Time) (n int, text string, err error) {
	series, err := query[model.Vector](ctx, w, expr, at)
	if err != nil || len(series) == 0 {
		return 0, "", err
	}
	slices.SortFunc(series, func(a, b *model.Sample) int { return cmp.Compare(a.Metric.String(), b.Metric.String()) })
	return len(series), fmt.Sprintf("%s = %v", series[0].Metric, series[0].Value), nil
}

// Present tells which selectors have matched a series of this arm at any time since Since. It may be called
// while another goroutine polls.
func (w *Watcher) Present(ctx context.Context, selectors []Selector) (map[Selector]bool, error) {
	client, err := w.client()
	if err != nil {
		return nil, err
	}
	out := map[Selector]bool{}
	for _, s := range selectors {
		ctx, cancel := context.WithTimeout(ctx, queryLimit)
		names, _, err := client.LabelValues(ctx, model.MetricNameLabel, []string{s.with(w.matchers())}, w.Since, w.now())
		cancel()
		if err != nil {
			return nil, w.failed(fmt.Errorf("series of %s: %w", s.Text, err))
		}
		out[s] = len(names) > 0
	}
	return out, nil
}

// client is of the Prometheus HTTP API.
func (w *Watcher) client() (prometheus.API, error) {
	client, err := api.NewClient(api.Config{Address: w.URL})
	if err != nil {
		return nil, w.failed(err)
	}
	return prometheus.NewAPI(client), nil
}

// matchers are the label matchers of this arm's alerts, and more; "" for none.
func (w *Watcher) matchers(more ...string) string {
	for _, name := range slices.Sorted(maps.Keys(w.Match)) {
		more = append(more, name+"="+strconv.Quote(w.Match[name]))
	}
	if len(more) == 0 {
		return ""
	}
	return "{" + strings.Join(more, ",") + "}"
}

// identity takes an ALERTS series apart: the name of the alert, its state, and the labels of its own.
func identity(metric model.Metric) (name, state string, labels model.Metric) {
	labels = metric.Clone()
	for _, l := range []model.LabelName{model.MetricNameLabel, model.AlertNameLabel, labelState} {
		delete(labels, l)
	}
	return string(metric[model.AlertNameLabel]), string(metric[labelState]), labels
}

// query evaluates an expression at a time, whose result is a T.
func query[T model.Value](ctx context.Context, w *Watcher, expr string, at time.Time, options ...prometheus.Option) (T, error) {
	var result T
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	client, err := w.client()
	if err != nil {
		return result, err
	}
	value, _, err := client.Query(ctx, expr, at, options...)
	if err != nil {
		return result, w.failed(fmt.Errorf("query %s: %w", expr, err))
	}
	result, ok := value.(T)
	if !ok {
		return result, w.failed(fmt.Errorf("query %s: the answer is a %s", expr, value.Type()))
	}
	return result, nil
}
