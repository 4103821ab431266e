package lever

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// CollectorState is the answer of AskCollector. The amounts are those since the Collector last started, or last took another
// configuration.
type CollectorState struct {
	Answers    bool    `json:"answers"`     // it takes OTLP
	DataPoints int64   `json:"data_points"` // that it took
	Stored     int64   `json:"stored"`      // data points that its Prometheus took, also those that the Collector derived
	Dropped    int64   `json:"dropped"`     // data points that it could not queue or send
	LogRecords int64   `json:"log_records"` // that arrived at the end of the pipeline
	LogAge     float64 `json:"log_age"`     // their mean age then, s
}

// Series is the answer of AskSeries: the numbers of series that a selector matches.
type Series struct {
	Ever  int `json:"ever"`  // since the start of the pipeline
	Fresh int `json:"fresh"` // with a current sample
}

// Notified is the answer of AskNotified.
type Notified struct {
	Silences   int `json:"silences"`   // in force
	Suppressed int `json:"suppressed"` // notifications held back since the silence began; of a real Alertmanager, alerts that it holds back now
	Sent       int `json:"sent"`       // notifications sent since the silence began
}

// Params reads the parameters of a lever or a question into a struct, refusing unknown ones.
func Params(from, into any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	return nil
}
