package containers

import (
	"go.yaml.in/yaml/v3"

	"github.com/prometheus/common/model"

	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// alertmanagerConfig accepts every alert and notifies nobody: users can look at the alerts.
const alertmanagerConfig = `route:
  receiver: nobody
  group_by: [arm, alertname]
  group_wait: 0s
receivers:
  - name: nobody
`

// prometheusSpec returns the container of the arm's Prometheus. That Prometheus takes metrics by OTLP, which include the deltas
// of the Collector's counts, and the outside view by remote write.
func (a *arm) prometheusSpec() engine.Spec {
	spec := a.launch.spec
	files := []engine.File{{Path: "/etc/prometheus/tollgate.yml", Text: a.prometheusConfig(), Mode: 0o644}}
	if a.launch.rules != nil {
		files = append(files, engine.File{Path: "/etc/prometheus/rules.yaml", Text: a.launch.rules, Mode: 0o644})
	}
	args := []string{
		"--config.file=/etc/prometheus/tollgate.yml",
		"--storage.tsdb.path=" + prometheusData,
		"--web.enable-otlp-receiver",
		"--web.enable-remote-write-receiver",
		"--enable-feature=otlp-deltatocumulative,created-timestamp-zero-ingestion,exemplar-storage",
		"--log.level=warn",
		"--rules.alert.resend-delay=1s", // a minute, lapsed: an Alertmanager that missed the first notification gets the next one soon
	}
	if spec.Lookback > 0 {
		args = append(args, "--query.lookback-delta="+model.Duration(spec.Lookback).String())
	}
	return engine.Spec{
		Name: "prometheus of arm " + a.spec.Name, Host: a.host(prometheusHost), Image: a.launch.Images.Ref("prometheus"),
		Cmd: args, Files: files, Ports: []string{prometheusPort}, Ready: engine.HTTP(prometheusPort, "/-/ready"),
	}
}

// prometheusConfig returns the configuration file of the arm's Prometheus.
func (a *arm) prometheusConfig() []byte {
	spec := a.launch.spec
	type object = map[string]any
	config := object{
		"global": object{
			"scrape_interval":     model.Duration(spec.Scrape).String(),
			"scrape_timeout":      model.Duration(spec.Scrape).String(),
			"evaluation_interval": model.Duration(spec.EvalInterval).String(),
			"external_labels":     object{"arm": a.spec.Name},
		},
		"otlp":    object{"translation_strategy": "UnderscoreEscapingWithSuffixes"},
		"storage": object{"tsdb": object{"out_of_order_time_window": "1m"}},
		"alerting": object{"alertmanagers": []object{{
			"static_configs": []object{{"targets": []string{alertmanagerHost + ":9093"}}},
		}}},
	}
	if a.launch.rules != nil {
		config["rule_files"] = []string{"/etc/prometheus/rules.yaml"}
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		panic(err) // cannot happen: it has only maps, strings and slices
	}
	return text
}
