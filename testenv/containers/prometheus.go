package containers

import (
	"maps"
	"strings"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/receiver"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

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

// object is a mapping of the configuration file.
type object = map[string]any

// jobPipeline is the job of the metrics of the pipeline about itself, as it is in processes.
const jobPipeline = "pipeline"

// scrapes are the metrics that the parts of the arm's pipeline have about themselves, as far as rules may need them. In the toll nothing
// is scraped: there it would be a part of what is measured.
func (a *arm) scrapes() []object {
	job := func(name, target string, more object) object {
		config := object{
			"job_name":       jobPipeline + "-" + name,
			"static_configs": []object{{"targets": []string{target}, "labels": object{model.JobLabel: jobPipeline}}},
			"metric_relabel_configs": []object{
				{"source_labels": []string{model.MetricNameLabel}, "regex": strings.Join(role.PipelineMetrics(), "|"), "action": "keep"},
				// An Alertmanager of this version does not say whom it notified; the receiver counts what it heard.
				{"source_labels": []string{model.MetricNameLabel, "receiver"}, "regex": "alertmanager_notifications_total;", "action": "drop"},
			},
		}
		maps.Copy(config, more)
		return config
	}
	return []object{
		job(collectorHost, a.host(collectorHost)+":"+selfPort, nil),
		job(prometheusHost, "localhost:"+prometheusPort, object{"params": object{"name[]": role.PipelineMetrics()}}),
		job(alertmanagerHost, alertmanagerHost+":"+alertmanagerPort, nil),
		job(receiverHost, receiverHost+":"+servicePort, object{"metrics_path": receiver.MetricsPath(a.spec.Name)}),
	}
}

// prometheusConfig returns the configuration file of the arm's Prometheus.
func (a *arm) prometheusConfig() []byte {
	spec := a.launch.spec
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
			"static_configs": []object{{"targets": []string{alertmanagerHost + ":" + alertmanagerPort}}},
		}}},
	}
	if spec.Links {
		config["scrape_configs"] = a.scrapes()
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
