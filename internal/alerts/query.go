package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Labels of ALERTS that are not labels of the alert.
const (
	labelMetric = "__name__"
	labelAlert  = "alertname"
	labelState  = "alertstate"
)

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
	series, err := w.query(ctx, fmt.Sprintf("ALERTS%s[%dms]", w.matchers(), window.Milliseconds()), end)
	if err != nil {
		return nil, err
	}
	out := map[string]*sampled{}
	for _, s := range series {
		name, state, key := identity(s.Metric)
		alert, ok := out[key]
		if !ok {
			alert = &sampled{name: name, labels: s.Metric}
			out[key] = alert
		}
		for _, v := range s.Values {
			alert.points = append(alert.points, point{v.time(), state})
		}
	}
	for _, alert := range out {
		slices.SortFunc(alert.points, func(a, b point) int { return a.time.Compare(b.time) })
	}
	return out, nil
}

// active tells which label sets of an alert had no end marked before a time.
func (w *Watcher) active(ctx context.Context, alert string, at time.Time) (map[string]bool, error) {
	series, err := w.query(ctx, "ALERTS"+w.matchers("alertname="+strconv.Quote(alert)), at)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, s := range series {
		_, _, key := identity(s.Metric)
		out[key] = true
	}
	return out, nil
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

// identity takes the name and state out of the labels of an ALERTS series and returns a key for what is left.
func identity(labels map[string]string) (name, state, key string) {
	name, state = labels[labelAlert], labels[labelState]
	for _, l := range []string{labelMetric, labelAlert, labelState} {
		delete(labels, l)
	}
	text, _ := json.Marshal(labels) // strings always marshal; keys come sorted
	return name, state, name + string(text)
}

// series is one element of a query's result: Values for a range, Value for an instant.
type series struct {
	Metric map[string]string `json:"metric"`
	Values []sample          `json:"values"`
}

// sample is a pair of a time in seconds and a value.
type sample [2]any

func (s sample) time() time.Time {
	seconds, _ := s[0].(float64)
	return time.UnixMilli(int64(math.Round(seconds * 1000)))
}

// query evaluates an expression at a time.
func (w *Watcher) query(ctx context.Context, expr string, at time.Time) ([]series, error) {
	params := url.Values{"query": {expr}, "time": {strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)}}
	address := strings.TrimSuffix(w.URL, "/") + "/api/v1/query?" + params.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, w.failed(err)
	}
	client := w.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, w.failed(err)
	}
	defer resp.Body.Close()
	var body struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   struct {
			Result []series `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return nil, w.failed(fmt.Errorf("%s answers %s, which is not a Prometheus answer: %w", w.URL, resp.Status, err))
	}
	if body.Status != "success" {
		return nil, w.failed(fmt.Errorf("%s: query %s: %s: %s", w.URL, expr, resp.Status, body.Error))
	}
	return body.Data.Result, nil
}
