package collector

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// RequestSize is the instrument of the HTTP instrumentation that measures request bodies on the wire, before decompression. No
// instrument does so for gRPC messages.
const RequestSize = "http.server.request.body.size"

// selfTelemetry says how the Collector of the image reports on itself: with the same names and in the same form as the
// library's Collector. Only the level detailed has the size of request bodies. The other metrics of that level are dropped,
// since nothing reads them.
func selfTelemetry(host, port string) object {
	drop := object{"aggregation": object{"drop": object{}}}
	number, err := strconv.Atoi(port)
	var at any = number
	if err != nil {
		at = port // the Collector reports what is wrong with the port
	}
	return object{"metrics": object{
		"level": "detailed",
		"readers": list{object{"pull": object{"exporter": object{"prometheus": object{
			"host": literal(host), "port": at, "without_type_suffix": false, "without_units": false, "without_scope_info": true,
		}}}}},
		"views": list{
			object{"selector": object{"instrument_name": RequestSize}, "stream": object{"aggregation": object{"sum": object{}}}},
			object{"selector": object{"instrument_name": "http.*"}, "stream": drop},
			object{"selector": object{"instrument_type": "histogram"}, "stream": drop},
			object{"selector": object{"instrument_name": "otelcol_process_*"}, "stream": drop},
		},
	}}
}

// Volume is the telemetry that a Collector received and could not deliver since its start.
type Volume struct {
	Spans      int64
	LogRecords int64
	DataPoints int64
	Bytes      int64 // size of OTLP request bodies over HTTP, on the wire; without gRPC messages
	// MetricBytes is how many of Bytes were metrics; 0 where the Collector does not say at which route requests came.
	MetricBytes int64
	Refused     int64 // items that it refused, could not queue or could not deliver
}

// ParseSelfMetrics reads the Collector's metrics about itself, in Prometheus's text format, as they are scraped at
// Config.SelfMetrics. It is an error if the text has no metric of a Collector or another format.
func ParseSelfMetrics(r io.Reader) (Volume, error) {
	families, err := parseSelfMetrics(r)
	return Sum(families), err
}

// ParseState reads from the same text what State says.
func ParseState(r io.Reader) (lever.CollectorState, error) {
	families, err := parseSelfMetrics(r)
	return State(families), err
}

func parseSelfMetrics(r io.Reader) ([]*dto.MetricFamily, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return nil, fmt.Errorf("collector: self-metrics: %w", err)
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(families)), func(name string) bool { return strings.HasPrefix(name, "otelcol_") }) {
		return nil, fmt.Errorf("collector: self-metrics: none of the %d metrics is a Collector's: want names that begin with otelcol_", len(families))
	}
	return slices.Collect(maps.Values(families)), nil
}

// State reads from the metrics that a Collector has about itself how many data points it took, stored and dropped since it last
// started. The other fields of the answer are zero.
func State(families []*dto.MetricFamily) lever.CollectorState {
	var s lever.CollectorState
	for _, family := range families {
		for prefix, into := range map[string]*int64{
			"otelcol_receiver_accepted_metric_points":       &s.DataPoints,
			"otelcol_exporter_sent_metric_points":           &s.Stored,
			"otelcol_exporter_enqueue_failed_metric_points": &s.Dropped,
			"otelcol_exporter_send_failed_metric_points":    &s.Dropped,
		} {
			if strings.HasPrefix(family.GetName(), prefix) {
				for _, m := range family.GetMetric() {
					*into += int64(m.GetCounter().GetValue())
				}
			}
		}
	}
	return s
}

// Plus adds the amounts of another Collector.
func (v Volume) Plus(w Volume) Volume {
	return Volume{
		Spans: v.Spans + w.Spans, LogRecords: v.LogRecords + w.LogRecords, DataPoints: v.DataPoints + w.DataPoints,
		Bytes: v.Bytes + w.Bytes, MetricBytes: v.MetricBytes + w.MetricBytes, Refused: v.Refused + w.Refused,
	}
}

// Less reports whether any amount is less than before: then the Collector has begun to count from zero.
func (v Volume) Less(before Volume) bool {
	return v.Spans < before.Spans || v.LogRecords < before.LogRecords || v.DataPoints < before.DataPoints ||
		v.Bytes < before.Bytes || v.MetricBytes < before.MetricBytes || v.Refused < before.Refused
}

// Sum adds up the metrics that a Collector has about itself.
func Sum(families []*dto.MetricFamily) Volume {
	var v Volume
	for _, family := range families {
		name := family.GetName()
		var into *int64
		switch {
		case strings.HasPrefix(name, "otelcol_receiver_accepted_spans"):
			into = &v.Spans
		case strings.HasPrefix(name, "otelcol_receiver_accepted_log_records"):
			into = &v.LogRecords
		case strings.HasPrefix(name, "otelcol_receiver_accepted_metric_points"):
			into = &v.DataPoints
		case strings.HasPrefix(name, "http_server_request_body_size"):
			into = &v.Bytes
		case strings.HasPrefix(name, "otelcol_receiver_refused_"),
			strings.HasPrefix(name, "otelcol_receiver_failed_"),
			strings.HasPrefix(name, "otelcol_exporter_enqueue_failed_"),
			strings.HasPrefix(name, "otelcol_exporter_send_failed_"):
			into = &v.Refused
		default:
			continue
		}
		for _, m := range family.GetMetric() {
			n := int64(m.GetCounter().GetValue())
			*into += n
			if into == &v.Bytes && slices.ContainsFunc(m.GetLabel(), isMetricsRoute) {
				v.MetricBytes += n
			}
		}
	}
	return v
}

// isMetricsRoute says that requests to a server's route are exports of metrics.
func isMetricsRoute(l *dto.LabelPair) bool {
	return l.GetName() == "http_route" && l.GetValue() == "/v1/metrics"
}
