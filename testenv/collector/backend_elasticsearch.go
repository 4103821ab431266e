package collector

func elasticsearch() Backend {
	return Backend{
		Name:    "elasticsearch",
		Title:   "Elasticsearch, to look at with Kibana",
		Signals: []string{Traces, Logs},
		Address: "elasticsearch:9200",
		exporters: func(address string) []exporter {
			return []exporter{{"elasticsearch/elasticsearch", []string{Traces, Logs}, object{
				"endpoints": list{base("http", address)},
				"retry":     object{"initial_interval": "100ms", "max_interval": "1s"},
			}}}
		},
	}
}
