package collector

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Change is what an operator changes in the configuration of a Collector that runs. Its fields are independent of each other; the
// zero Change is the configuration as it should be.
type Change struct {
	// Queue is the capacity, in requests, of the queue in front of Prometheus. What does not fit is dropped. 0: as usual.
	Queue int `json:"queue,omitempty"`
	// HoldLogs is how long log records are gathered before they are passed on, as a duration; "": not at all.
	HoldLogs string `json:"hold_logs,omitempty"`
	// CountBy is an attribute by which log records and spans are counted, too: a label of perso_log_records_total, and of a
	// histogram of the spans that have it. "": none.
	CountBy string `json:"count_by,omitempty"`
	// DropMetric is the OpenTelemetry name of a metric that is dropped; "": none.
	DropMetric string `json:"drop_metric,omitempty"`
}

// Limits of a Change.
const (
	maxQueue = 1000
	maxHold  = 10 * time.Minute
)

// attributeName is a legal name of an attribute or a metric, in which no character means anything to the Collector.
var attributeName = regexp.MustCompile(`^[a-z][a-z0-9_.]{0,63}$`)

// Check returns an error that names the field that is wrong, and what is legal.
func (c Change) Check() error {
	if c.Queue < 0 || c.Queue > maxQueue {
		return fmt.Errorf("queue must be from 0 to %d, got %d", maxQueue, c.Queue)
	}
	if c.HoldLogs != "" {
		if d, err := time.ParseDuration(c.HoldLogs); err != nil || d <= 0 || d > maxHold {
			return fmt.Errorf("hold_logs must be a duration up to %v, got %q", maxHold, c.HoldLogs)
		}
	}
	if c.CountBy != "" && !attributeName.MatchString(c.CountBy) {
		return fmt.Errorf("count_by must be the name of an attribute, such as session.id, got %q", c.CountBy)
	}
	if c.DropMetric != "" && !attributeName.MatchString(c.DropMetric) {
		return fmt.Errorf("drop_metric must be the OpenTelemetry name of a metric, such as perso.decisions, got %q", c.DropMetric)
	}
	return nil
}

// into changes a configuration.
func (c Change) into(f *file) {
	if c.Queue > 0 {
		f.Exporters["otlp_http"].(object)["sending_queue"].(object)["queue_size"] = c.Queue
	}
	if c.HoldLogs != "" {
		f.Processors["batch/held"] = object{"timeout": c.HoldLogs, "send_batch_size": 1 << 20}
		p := f.Service.Pipelines[Logs]
		p.Processors[slices.Index(p.Processors, "batch")] = "batch/held"
		// The counts of what was held are made at one moment, so they keep the times of their records.
		f.Processors[arrival] = object{"metric_statements": arriving(`not IsMatch(metric.name, "^perso[.]log[.]")`)}
	}
	if c.CountBy != "" {
		c.countBy(f)
	}
	if c.DropMetric != "" {
		f.Processors["filter/dropped"] = object{"error_mode": "ignore", "metrics": object{"metric": list{`name == "` + c.DropMetric + `"`}}}
		p := f.Service.Pipelines[Metrics]
		p.Processors = slices.Insert(p.Processors, len(p.Processors)-1, "filter/dropped")
	}
}

// countBy makes an attribute a label of what is counted from log records and spans.
func (c Change) countBy(f *file) {
	counts := f.Connectors["count"].(object)["logs"].(object)[logCount].(object)
	counts["attributes"] = append(counts["attributes"].(list), object{"key": c.CountBy})

	const id = "span_metrics/by"
	f.Connectors[id] = object{"dimensions": list{object{"name": c.CountBy}}, "metrics_flush_interval": "1s"}
	f.Processors["filter/by"] = object{"metrics": object{"datapoint": list{`attributes["` + c.CountBy + `"] == nil`}}}
	f.Service.Pipelines[Traces].Exporters = append(f.Service.Pipelines[Traces].Exporters, id)
	f.Service.Pipelines[Metrics+"/by"] = &pipeline{
		Receivers: []string{id}, Processors: []string{"filter/by"}, Exporters: []string{"otlp_http"},
	}
}
