package collector

func jaeger() Backend {
	return Backend{
		Name:    "jaeger",
		Title:   "Jaeger, by OTLP",
		Signals: []string{Traces},
		Address: "jaeger:4317",
		exporters: func(address string) []exporter {
			return []exporter{{"otlp_grpc/jaeger", []string{Traces}, otlpGRPC(address)}}
		},
	}
}

// otlpGRPC returns the exporter to a program in the same network, without encryption.
func otlpGRPC(address string) object {
	return object{"endpoint": address, "tls": object{"insecure": true}, "retry_on_failure": retry()}
}
