package collector

func zipkin() Backend {
	return Backend{
		Name:    "zipkin",
		Title:   "Zipkin",
		Signals: []string{Traces},
		Address: "zipkin:9411",
		exporters: func(address string) []exporter {
			return []exporter{{"zipkin/zipkin", []string{Traces}, object{
				"endpoint": base("http", address) + "/api/v2/spans", "format": "json", "retry_on_failure": retry(),
			}}}
		},
	}
}
