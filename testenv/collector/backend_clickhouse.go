package collector

func clickhouse() Backend {
	return Backend{
		Name:    "clickhouse",
		Title:   "ClickHouse, tables otel_* of the database otel",
		Signals: []string{Traces, Logs, Metrics},
		Address: "clickhouse:9000",
		exporters: func(address string) []exporter {
			return []exporter{{"clickhouse/clickhouse", []string{Traces, Logs, Metrics}, object{
				"endpoint":         base("tcp", address),
				"database":         "otel",
				"create_schema":    true,
				"ttl":              "72h",
				"retry_on_failure": retry(),
			}}}
		},
	}
}
