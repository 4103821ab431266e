package result

// Prices are what the user pays, all in one currency; an item without a price costs nothing. The names are the same in run.json
// and in the experiment file.
type Prices struct {
	Currency string `json:"currency,omitempty" yaml:"currency,omitempty"` // as it is printed, e.g. EUR; "" if none is named

	CPUHour      float64 `json:"cpu_hour,omitempty" yaml:"cpu_hour,omitempty"`             // of one core
	MemoryGBHour float64 `json:"memory_gb_hour,omitempty" yaml:"memory_gb_hour,omitempty"` // GB of 10⁹ bytes

	SpansMillion      float64 `json:"spans_million,omitempty" yaml:"spans_million,omitempty"`
	LogRecordsMillion float64 `json:"log_records_million,omitempty" yaml:"log_records_million,omitempty"`
	DataPointsMillion float64 `json:"data_points_million,omitempty" yaml:"data_points_million,omitempty"`
	TelemetryGB       float64 `json:"telemetry_gb,omitempty" yaml:"telemetry_gb,omitempty"` // on the wire, GB of 10⁹ bytes
	SeriesMonth       float64 `json:"series_month,omitempty" yaml:"series_month,omitempty"` // of 1,000 active series, for a month of 730 hours

	// Rate is how many requests per second of the system in production one arm stands for. Costs by the hour are spread over
	// this many requests; 0: the rate is not known, and costs by the hour are left out.
	Rate float64 `json:"rate,omitempty" yaml:"rate,omitempty"`
}
