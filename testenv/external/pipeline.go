package external

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Paths and ports of our pipeline in its container.
const (
	pipelinePort  = "9090" // of the Prometheus HTTP API, the health check and the control endpoint
	seriesData    = "/prometheus"
	telemetryData = "/telemetry"
	rulesFile     = "/rules.yaml"
)

// startPipeline starts our pipeline as a container in the arm's network.
func (a *arm) startPipeline(ctx context.Context) (err error) {
	config := a.pipelineConfig()
	config.Token, config.Listen = a.launch.client.Token, "0.0.0.0:"+pipelinePort
	config.OTLPHTTP, config.OTLPGRPC = "0.0.0.0:"+role.OTLPPort, "0.0.0.0:"+role.OTLPGRPCPort
	config.SeriesDir = seriesData
	files := []engine.File{{Path: seriesData, Mode: 0o777 | fs.ModeDir}, {Path: telemetryData, Mode: 0o777 | fs.ModeDir}}
	if a.launch.spec.TelemetryDir != "" {
		config.TelemetryDir = telemetryData
	}
	if a.rules != nil {
		config.RulesFile = rulesFile
		files = append(files, engine.File{Path: rulesFile, Text: a.rules, Mode: 0o644})
	}
	a.pipeline, err = a.session.Start(ctx, engine.Spec{
		Name: "telemetry of arm " + a.spec.Name, Host: "tollgate-telemetry-" + a.spec.Name, Image: a.stack, Network: a.network,
		Cmd: []string{"serve", role.Telemetry}, Env: config.Environ(), Files: files, Ports: []string{pipelinePort},
		Ready: engine.HTTP(pipelinePort, role.HealthPath),
	})
	if err != nil {
		return err
	}
	a.prometheus = a.pipeline.URL(pipelinePort)
	a.started(a.spec.Name, role.Telemetry, true, a.pipeline.StartUp)
	return nil
}

// startLocalPipeline starts our pipeline as a process.
func (a *arm) startLocalPipeline(ctx context.Context) error {
	config := a.pipelineConfig()
	config.RulesFile, config.TelemetryDir = a.launch.spec.RulesFile, a.launch.spec.TelemetryDir
	config.SeriesDir = filepath.Join(cmp.Or(a.launch.spec.SeriesDir, a.scratch.Path), a.spec.Name)
	config.PipelineToken = rand.Text()
	_, addr, err := a.launch.start(ctx, role.Telemetry, config)
	a.prometheus = api.WithToken(addr[role.AddrPrometheus], config.PipelineToken)
	return err
}

// pipelineConfig returns the configuration of both kinds of pipeline.
func (a *arm) pipelineConfig() role.Config {
	spec := a.launch.spec
	config := role.Defaults()
	config.Arm, config.TailSampling = a.spec.Name, a.spec.Env[role.EnvTailSampling]
	config.ScrapeInterval, config.EvalInterval, config.Lookback = spec.Scrape, spec.EvalInterval, spec.Lookback
	return config
}

// endPipeline stops the pipeline and copies out what was asked for.
func (a *arm) endPipeline(ctx context.Context) error {
	errs := []error{a.pipeline.Stop(ctx, 8*time.Second)}
	fmt.Fprintf(a.log(), "--- %s\n", a.pipeline.Name)
	errs = append(errs, a.pipeline.Logs(ctx, engine.LogLines, a.log()))
	if dir := a.launch.spec.SeriesDir; dir != "" {
		errs = append(errs, a.pipeline.CopyOut(ctx, seriesData, filepath.Join(dir, a.spec.Name)))
	}
	if dir := a.launch.spec.TelemetryDir; dir != "" {
		errs = append(errs, a.pipeline.CopyOut(ctx, telemetryData, dir))
	}
	return errors.Join(errs...)
}

// Telemetry returns how much telemetry our pipeline received; it is empty if the user's own pipeline takes it.
func (a *arm) Telemetry(ctx context.Context) (result.Telemetry, error) {
	var t result.Telemetry
	if a.pipeline == nil {
		return t, nil
	}
	if err := a.launch.client.Ask(ctx, a.prometheus, role.StatsQuestion, struct{}{}, &t); err != nil {
		return t, fmt.Errorf("testenv: %s of arm %s: %w", role.Telemetry, a.spec.Name, err)
	}
	return t, nil
}
