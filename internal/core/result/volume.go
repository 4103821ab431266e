package result

import (
	"fmt"
	"reflect"
)

// Volume is one line of volume.jsonl: what the telemetry of one arm was made of, in all toll slots of one launch together. It is there
// where the pipeline can tell (the process environment).
type Volume struct {
	Launch   int    `json:"launch"`
	Arm      string `json:"arm"`
	Requests int64  `json:"requests"` // that were sent in those slots
	Bytes    int64  `json:"bytes"`    // on the wire, as in the slots; with what the parts do not have: gRPC, and what could not be kept or read
	// Compressed says that some of it was compressed on the wire: the bytes of the parts are those before.
	Compressed bool         `json:"compressed,omitempty"`
	Parts      []VolumePart `json:"parts"` // by signal, the largest first
	// SeriesCut says that there were more series, or values of an attribute, than are told apart: the numbers of series and values
	// are then the least that there were.
	SeriesCut bool `json:"series_cut,omitempty"`
}

// VolumePart is what one span name, one log event or one metric of a service came to; or, of a signal, what no name stands for.
type VolumePart struct {
	Signal  string `json:"signal"`            // spans, logs or metrics
	Service string `json:"service,omitempty"` // "" where none is named, and for others
	// Name is that of the span or of the metric; of a log record that of its event, or its text with * for each word that has a digit.
	Name  string `json:"name,omitempty"`
	Rest  string `json:"rest,omitempty"` // batches or others: what no name stands for
	Count int64  `json:"count"`          // spans, log records, data points; of batches how many there were
	Bytes int64  `json:"bytes"`          // as OTLP has them, protobuf

	Series int64  `json:"series,omitempty"` // of a metric: series that Prometheus makes of it, a histogram's buckets included
	Label  string `json:"label,omitempty"`  // of a metric: the attribute that has the most values
	Values int64  `json:"values,omitempty"` // of Label
}

// What the parts have that no name stands for.
const (
	RestBatches = "batches" // resource and scope, which every batch names again
	RestOthers  = "others"  // names beyond the limit
)

func (v Volume) check(r Run) error {
	errs := []error{inRange(reflect.ValueOf(v), "", ""), r.hasArm(v.Arm)}
	for i, p := range v.Parts {
		key := fmt.Sprintf("parts[%d].", i)
		errs = append(errs, oneOf(key+"signal", p.Signal, InSpans, InLogs, InMetrics), oneOf(key+"rest", p.Rest, "", RestBatches, RestOthers))
	}
	return first(errs)
}
