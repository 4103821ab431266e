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

// otlpGRPC is the exporter to a neighbour in the same network, which needs no encryption.
func otlpGRPC(address string) object {
	return object{"endpoint": address, "tls": object{"insecure": true}, "retry_on_failure": retry()}
}
