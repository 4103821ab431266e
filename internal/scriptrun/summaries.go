package scriptrun

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/files"
)

const mostOfSummary = 64 << 20 // bytes

// summary is what k6 wrote at the end of a run, whatever its form.
type summary struct {
	path    string
	form    string             // for people
	seconds float64            // 0: it does not say
	metrics map[string]*metric // by name, with the tags of a threshold
}

// metric is a metric of a summary.
type metric struct {
	Type     string             `json:"type"`     // trend, rate, counter or gauge
	Contains string             `json:"contains"` // time, data or default; "": not said
	Values   map[string]float64 `json:"values"`
}

// summaries compares two summaries.
func summaries(pathA, pathB string) (*Comparison, error) {
	a, err := readSummary(pathA)
	if err != nil {
		return nil, err
	}
	b, err := readSummary(pathB)
	if err != nil {
		return nil, err
	}
	c := &Comparison{
		Of: "summaries of k6", A: a.side(), B: b.side(),
		Interval: "No interval is possible: a summary has one number for the whole run, and neither how it varied nor, for trends, of how many values it " +
			"is. Whether a difference is more than chance cannot be told. `k6 run --out perso=run.hlog` keeps what an interval within the run " +
			"needs; only repeated runs show what changes from one to the next.",
	}
	names, alone := common(slices.Sorted(maps.Keys(a.metrics)), slices.Sorted(maps.Keys(b.metrics)))
	c.Warnings = append(c.Warnings, alone...)
	for _, name := range names {
		if s := a.metrics[name].against(b.metrics[name], name); len(s.Stats) > 0 {
			c.Series = append(c.Series, s)
		}
	}
	if len(c.Series) == 0 {
		return nil, fmt.Errorf("compare: %s and %s have no metric in common", pathA, pathB)
	}
	return c, nil
}

func (s *summary) side() Side {
	text := s.form
	if s.seconds > 0 {
		text += fmt.Sprintf(", %.1f s", s.seconds)
	}
	return Side{Path: s.path, Text: text + fmt.Sprintf(", %d metrics", len(s.metrics))}
}

// against compares a metric of A with that of B. Gauges are left out: their last value says nothing of a run.
func (m *metric) against(o *metric, name string) Series {
	s := Series{Name: name, Title: name, Unit: unitOf(name, m, o)}
	if m.Type != o.Type || m.Type == "gauge" {
		return s
	}
	for _, stat := range slices.SortedFunc(maps.Keys(m.Values), byPlace) {
		if v, ok := o.Values[stat]; ok && stat != "passes" && stat != "fails" && stat != "matches" && stat != "total" {
			s.Stats = append(s.Stats, Stat{Name: stat, A: point(m.Values[stat]), B: point(v), Difference: point(v - m.Values[stat])})
		}
	}
	return s
}

// unitOf is ms where a summary says that a metric is time, or k6's own names do: an export does not say it.
func unitOf(name string, a, b *metric) string {
	own, _, _ := strings.Cut(name, "{")
	switch {
	case a.Type != "trend":
		return ""
	case a.Contains == "time" || b.Contains == "time":
		return "ms"
	case a.Contains != "" || b.Contains != "":
		return ""
	case strings.HasPrefix(own, "http_req_") || own == "iteration_duration" || own == "group_duration" || own == "grpc_req_duration" || strings.HasPrefix(own, "ws_"):
		return "ms"
	}
	return ""
}

// byPlace sorts statistics as k6 prints them, percentiles behind the others.
func byPlace(a, b string) int {
	order := []string{"count", "rate", "value", "avg", "min", "med", "max"}
	place := func(s string) int {
		if i := slices.Index(order, s); i >= 0 {
			return i
		}
		return len(order)
	}
	if d := place(a) - place(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// readSummary reads any of the forms that k6 writes: --summary-export, what handleSummary gets, and both with
// --new-machine-readable-summary.
func readSummary(path string) (*summary, error) {
	text, err := files.Read(path, mostOfSummary)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	s, err := parseSummary(text)
	if err != nil {
		return nil, fmt.Errorf("compare: %s: %w", path, err)
	}
	s.path = path
	return s, nil
}

func parseSummary(text []byte) (*summary, error) {
	var doc struct {
		Metrics map[string]json.RawMessage `json:"metrics"`
		State   *struct {
			TestRunDurationMS float64 `json:"testRunDurationMs"`
		} `json:"state"`
		Config struct {
			Duration float64 `json:"duration"`
		} `json:"config"`
		Results *struct {
			Metrics []struct {
				Name string `json:"name"`
				metric
			} `json:"metrics"`
			Checks struct {
				Metrics []struct {
					Name string `json:"name"`
					metric
				} `json:"metrics"`
			} `json:"checks"`
		} `json:"results"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("is no JSON of a k6 summary (is it cut off?): %w", err)
	}
	s := &summary{metrics: map[string]*metric{}}
	switch {
	case doc.Results != nil:
		s.form, s.seconds = "machine-readable summary", doc.Config.Duration
		for _, m := range append(doc.Results.Metrics, doc.Results.Checks.Metrics...) {
			s.metrics[m.Name] = m.rename()
		}
	case doc.Metrics != nil && doc.State != nil:
		s.form, s.seconds = "data of handleSummary", doc.State.TestRunDurationMS/1000
		for name, raw := range doc.Metrics {
			m := new(metric)
			if err := json.Unmarshal(raw, m); err != nil || m.Type == "" {
				return nil, fmt.Errorf("metric %.100q has not the form of handleSummary's data: %v", name, err)
			}
			s.metrics[name] = m
		}
	case doc.Metrics != nil:
		s.form = "summary export"
		for name, raw := range doc.Metrics {
			m, err := exported(raw)
			if err != nil {
				return nil, fmt.Errorf("metric %.100q: %w", name, err)
			}
			s.metrics[name] = m
		}
	default:
		return nil, errors.New("is JSON, but no summary of k6: it has neither metrics nor results")
	}
	if len(s.metrics) == 0 {
		return nil, errors.New("is a summary without metrics")
	}
	return s, nil
}

// rename gives statistics the names that they have in the other forms: p(95), not p95.
func (m metric) rename() *metric {
	values := map[string]float64{}
	for name, v := range m.Values {
		if digits, ok := strings.CutPrefix(name, "p"); ok && digits != "" && strings.Trim(digits, "0123456789.") == "" {
			name = "p(" + digits + ")"
		}
		values[name] = v
	}
	m.Values = values
	return &m
}

// exported reads a metric of --summary-export, which does not say its type.
func exported(raw json.RawMessage) (*metric, error) {
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	m := &metric{Values: map[string]float64{}}
	for name, v := range fields {
		if x, ok := v.(float64); ok { // thresholds are an object
			m.Values[name] = x
		}
	}
	has := func(name string) bool { _, ok := m.Values[name]; return ok }
	switch {
	case has("passes") && has("fails"):
		m.Type = "rate"
		m.Values["rate"] = m.Values["value"] // as the other forms have it
		delete(m.Values, "value")
	case has("count") && has("rate"):
		m.Type = "counter"
	case has("value"):
		m.Type = "gauge"
	default:
		m.Type = "trend"
	}
	return m, nil
}
