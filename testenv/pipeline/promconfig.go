package pipeline

import (
	"fmt"
	"log/slog"
	"net/url"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// object is a mapping of a configuration file.
type object = map[string]any

// prometheusConfig returns the configuration file that a separate Prometheus would have: standard metric names for metrics that
// come by OTLP, and two static scrape targets.
func prometheusConfig(cfg Config, selfAddr string, logger *slog.Logger) (*config.Config, error) {
	self := object{
		"job_name":       JobPipeline,
		"params":         object{"name[]": role.PipelineMetrics()},
		"static_configs": []object{{"targets": []string{selfAddr}}},
	}
	if cfg.PipelineToken != "" {
		self["authorization"] = object{"credentials": cfg.PipelineToken}
	}
	jobs := []object{self}
	if cfg.ScrapeURL != "" {
		u, err := url.Parse(cfg.ScrapeURL)
		if err != nil {
			return nil, fmt.Errorf("pipeline: outside view: %w", err)
		}
		job := object{
			"job_name":       JobOutside,
			"honor_labels":   true,
			"scheme":         u.Scheme,
			"static_configs": []object{{"targets": []string{u.Host}}},
		}
		if u.Path != "" {
			job["metrics_path"] = u.Path
		}
		if u.RawQuery != "" {
			job["params"] = u.Query()
		}
		jobs = append(jobs, job)
	}
	text, err := yaml.Marshal(object{
		"global": object{
			"scrape_interval":     model.Duration(cfg.ScrapeInterval).String(),
			"scrape_timeout":      model.Duration(cfg.ScrapeInterval).String(),
			"evaluation_interval": model.Duration(cfg.EvalInterval).String(),
		},
		"otlp":           object{"translation_strategy": "UnderscoreEscapingWithSuffixes"},
		"scrape_configs": jobs,
	})
	if err != nil {
		return nil, fmt.Errorf("pipeline: prometheus configuration: %w", err)
	}
	parsed, err := config.Load(string(text), logger)
	if err != nil {
		return nil, fmt.Errorf("pipeline: prometheus configuration: %w", err)
	}
	return parsed, nil
}

// scrapeTargets lists the static targets of every job, in the form in which service discovery delivers them.
func scrapeTargets(cfg *config.Config) map[string][]*targetgroup.Group {
	out := map[string][]*targetgroup.Group{}
	for _, job := range cfg.ScrapeConfigs {
		for _, sd := range job.ServiceDiscoveryConfigs {
			if static, ok := sd.(discovery.StaticConfig); ok {
				out[job.JobName] = append(out[job.JobName], static...)
			}
		}
	}
	return out
}
