package collector

func tempo() Backend {
	return Backend{
		Name:    "tempo",
		Title:   "Grafana Tempo, by OTLP",
		Signals: []string{Traces},
		Address: "tempo:4317",
		exporters: func(address string) []exporter {
			return []exporter{{"otlp_grpc/tempo", []string{Traces}, otlpGRPC(address)}}
		},
	}
}
