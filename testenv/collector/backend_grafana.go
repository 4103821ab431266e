package collector

// grafana consists of four programs. Its address is a host at which the three programs that take telemetry have their usual
// ports. Without an address, each program has a host of its own.
func grafana() Backend {
	return Backend{
		Name:    "grafana",
		Title:   "Grafana with Tempo, Loki and Prometheus, by OTLP",
		Signals: []string{Traces, Logs, Metrics},
		exporters: func(host string) []exporter {
			at := func(name, portAndPath string) string {
				if host != "" {
					name = host
				}
				return "http://" + name + portAndPath
			}
			metrics := object{"metrics_endpoint": at("prometheus", ":9090/api/v1/otlp/v1/metrics"), "retry_on_failure": retry()}
			metrics["sending_queue"] = object{"num_consumers": 1} // the counts are deltas, so they must stay in order
			return []exporter{
				{"otlp_http/grafana-tempo", []string{Traces}, object{"endpoint": at("tempo", ":4318"), "retry_on_failure": retry()}},
				{"otlp_http/grafana-loki", []string{Logs}, object{"endpoint": at("loki", ":3100/otlp"), "retry_on_failure": retry()}},
				{"otlp_http/grafana-prometheus", []string{Metrics}, metrics},
			}
		},
	}
}
