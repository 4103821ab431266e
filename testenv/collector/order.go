package collector

import (
	"fmt"
	"strings"
	"time"
)

// Order is what the lever that changes the configuration of a Collector is told. The zero Order takes every change back.
type Order struct {
	Change
	// Latency is how much later each answer of Prometheus comes to the Collector, as a duration; "": no later.
	Latency string `json:"latency,omitempty"`
	// MostSeries takes CountBy back when there are so many series with that label, so that the machine survives; 0: never.
	MostSeries int `json:"most_series,omitempty"`
}

// Limits of an Order's latency.
const (
	leastLatency = time.Millisecond
	maxLatency   = time.Minute
)

// Check returns an error that names the field that is wrong, and what is legal.
func (o Order) Check() error {
	if err := o.Change.Check(); err != nil {
		return err
	}
	if o.MostSeries < 0 {
		return fmt.Errorf("most_series must not be negative, got %d", o.MostSeries)
	}
	_, err := o.Delay()
	return err
}

// Delay is the latency as a duration; 0: none.
func (o Order) Delay() (time.Duration, error) {
	if o.Latency == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(o.Latency)
	if err != nil || d < leastLatency || d > maxLatency {
		return 0, fmt.Errorf("latency must be a duration from %v to %v, got %q", leastLatency, maxLatency, o.Latency)
	}
	return d, nil
}

// Counted selects the series in Prometheus that have the label of CountBy, if their number is limited.
func (o Order) Counted() (selector string, limited bool) {
	if o.CountBy == "" || o.MostSeries == 0 {
		return "", false
	}
	return fmt.Sprintf(`{%s!=""}`, strings.ReplaceAll(o.CountBy, ".", "_")), true
}
