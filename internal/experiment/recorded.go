package experiment

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Recorded is what the experiment of a run says of its telemetry and its alerts, as its run.json has it; everything else is left
// out. It is the effective experiment, which names every key, so that no profile is asked; keys that this version does not know are
// passed over. It is not validated, since the files and the machine that it was valid with may be gone.
func Recorded(r result.Run) (*Experiment, error) {
	var of struct {
		Environment string         `yaml:"environment"`
		Telemetry   Telemetry      `yaml:"telemetry"`
		Alerts      Alerts         `yaml:"alerts"`
		External    testenv.System `yaml:"external"`
	}
	if err := yaml.Unmarshal([]byte(r.Experiment), &of); err != nil {
		return nil, fmt.Errorf("experiment: %s: experiment: %w", result.RunFile, err)
	}
	for _, needed := range []struct {
		key   string
		value time.Duration
	}{
		{"alerts.eval_interval", of.Alerts.EvalInterval},
		{"telemetry.scrape_interval", of.Telemetry.ScrapeInterval},
		{"telemetry.catch_metric_interval", of.Telemetry.CatchMetricInterval},
	} {
		if needed.value <= 0 {
			return nil, fmt.Errorf("experiment: %s: experiment: %s must be above 0, got %v", result.RunFile, needed.key, needed.value)
		}
	}
	if !(of.Alerts.Lapse > 0) {
		return nil, fmt.Errorf("experiment: %s: experiment: alerts.lapse must be above 0, got %v", result.RunFile, of.Alerts.Lapse)
	}
	return &Experiment{Environment: of.Environment, Telemetry: of.Telemetry, Alerts: of.Alerts, External: of.External}, nil
}
