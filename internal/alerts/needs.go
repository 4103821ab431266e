package alerts

import (
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// Signals that an alert can need, least first. A level that has one has those before it, too.
const (
	Outside = "outside" // needs no instrumentation
	Metrics = "metrics"
	Logs    = "logs"   // metrics derived from log records
	Traces  = "traces" // metrics derived from spans
)

var order = []string{Outside, Metrics, Logs, Traces}

func rank(signal string) int { return slices.Index(order, signal) }

// known says which signal brings a metric; every other metric comes with metrics.
var known = map[string]string{
	"alertmanager_notifications_suppressed_total":         Outside,
	"alertmanager_notifications_total":                    Outside,
	"alertmanager_silences":                               Outside,
	"container_cpu_cfs_throttled_periods_total":           Outside,
	"kafka_consumergroup_current_offset":                  Outside,
	"kafka_consumergroup_lag":                             Outside,
	"kafka_consumergroup_members":                         Outside,
	"kafka_topic_partition_current_offset":                Outside,
	"loadgen_dropped_total":                               Outside,
	"loadgen_failed_total":                                Outside,
	"loadgen_request_duration_seconds_bucket":             Outside,
	"loadgen_request_duration_seconds_count":              Outside,
	"loadgen_request_duration_seconds_sum":                Outside,
	"loadgen_requests_total":                              Outside,
	"otelcol_exporter_enqueue_failed_metric_points_total": Outside,
	"otelcol_exporter_queue_capacity":                     Outside,
	"otelcol_exporter_queue_size":                         Outside,
	"otelcol_exporter_send_failed_metric_points_total":    Outside,
	"otelcol_receiver_accepted_metric_points_total":       Outside,
	"otelcol_receiver_refused_log_records_total":          Outside,
	"otelcol_receiver_refused_metric_points_total":        Outside,
	"otelcol_receiver_refused_spans_total":                Outside,
	"probe_success":                                       Outside,
	"process_cpu_seconds_total":                           Outside,
	"process_resident_memory_bytes":                       Outside,
	"prometheus_tsdb_head_series":                         Outside,
	"up":                                                  Outside,
	"perso_log_records_total":                             Logs,
	"perso_log_redacted_total":                            Logs,
	"tollgate_log_age_seconds_count":                      Logs,
	"tollgate_log_age_seconds_sum":                        Logs,
	"perso_span_errors_total":                             Traces,
	"perso_span_fallbacks_total":                          Traces,
	"perso_span_roots_total":                              Traces,
	"perso_spans_total":                                   Traces,
}

// FromOutside says that a metric of our stack needs no instrumentation, so that every level has it all the time.
func FromOutside(metric string) bool { return known[metric] == Outside }

// SignalOf is the greatest signal among the metrics that an expression names; Metrics where it cannot be parsed.
func SignalOf(expr string) string { return newSignals(nil).of(expr) }

// signals resolves metric names, recorded ones through the rules that record them.
type signals struct {
	recorded map[string][]string // expressions, by the name that they are recorded under
	busy     map[string]bool     // names being resolved: a rule may refer to itself
}

func newSignals(groups []rulefmt.RuleGroup) signals {
	s := signals{recorded: map[string][]string{}, busy: map[string]bool{}}
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Record != "" {
				s.recorded[r.Record] = append(s.recorded[r.Record], r.Expr)
			}
		}
	}
	return s
}

// of is the greatest signal among the metrics of an expression, which has been parsed before; Outside if it has none.
func (s signals) of(expr string) string {
	parsed, err := newParser().ParseExpr(expr)
	if err != nil {
		return Metrics
	}
	need := Outside
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok {
			need = greater(need, s.ofMetric(metricName(v)))
		}
		return nil
	})
	return need
}

func (s signals) ofMetric(name string) string {
	exprs, recorded := s.recorded[name]
	if !recorded {
		if signal, ok := known[name]; ok {
			return signal
		}
		return Metrics
	}
	if s.busy[name] {
		return Outside
	}
	s.busy[name] = true
	defer delete(s.busy, name)
	need := Outside
	for _, expr := range exprs {
		need = greater(need, s.of(expr))
	}
	return need
}

// metricName is the one metric that a selector names, or "" if it may match several.
func metricName(v *parser.VectorSelector) string {
	if v.Name != "" {
		return v.Name
	}
	for _, m := range v.LabelMatchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return ""
}

func greater(a, b string) string {
	if rank(a) >= rank(b) {
		return a
	}
	return b
}
