package testenv

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// startPipeline starts our pipeline as a container in the arm's network.
func (a *foreignArm) startPipeline(ctx context.Context) (err error) {
	env := a.pipelineEnv()
	env["PERSO_ARM"], env["PERSO_CONTROL_TOKEN"], env["PERSO_LISTEN"] = a.spec.Name, a.token, "0.0.0.0:"+prometheusPort
	env["PERSO_OTLP_HTTP"], env["PERSO_OTLP_GRPC"] = "0.0.0.0:"+otlpPort, "0.0.0.0:"+otlpGRPCPort
	env["PERSO_SERIES_DIR"] = prometheusData
	files := []engine.File{{Path: prometheusData, Mode: 0o777 | modeDir}, {Path: telemetryData, Mode: 0o777 | modeDir}}
	if a.foreign.spec.TelemetryDir != "" {
		env["PERSO_TELEMETRY_DIR"] = telemetryData
	}
	if a.rules != nil {
		env["PERSO_RULES_FILE"] = "/rules.yaml"
		files = append(files, engine.File{Path: "/rules.yaml", Text: a.rules, Mode: 0o644})
	}
	a.pipeline, err = a.session.Start(ctx, engine.Spec{
		Name: "telemetry of arm " + a.spec.Name, Host: "tollgate-telemetry-" + a.spec.Name, Image: a.stack, Network: a.network,
		Cmd: []string{"serve", Telemetry}, Env: env, Files: files, Ports: []string{prometheusPort}, Ready: engine.HTTP(prometheusPort, "/healthz"),
	})
	if err != nil {
		return err
	}
	a.prometheus = a.pipeline.URL(prometheusPort)
	a.started(a.spec.Name, Telemetry, true, a.pipeline.StartUp)
	return nil
}

// startLocalPipeline starts our pipeline as a process.
func (a *foreignArm) startLocalPipeline(ctx context.Context) error {
	env := a.pipelineEnv()
	env["PERSO_RULES_FILE"] = a.foreign.spec.RulesFile
	env["PERSO_TELEMETRY_DIR"] = a.foreign.spec.TelemetryDir
	series := a.foreign.spec.SeriesDir
	if series == "" {
		series = a.scratch
	}
	env["PERSO_SERIES_DIR"] = filepath.Join(series, a.spec.Name)
	_, addr, err := a.role(ctx, Telemetry, a.spec.Name, env)
	a.prometheus = addr["prometheus"]
	return err
}

// pipelineEnv is what both kinds of pipeline are told.
func (a *foreignArm) pipelineEnv() map[string]string {
	spec := a.foreign.spec
	env := map[string]string{"PERSO_SCRAPE_INTERVAL": spec.Scrape.String(), "PERSO_EVAL_INTERVAL": spec.EvalInterval.String()}
	if spec.Lookback > 0 {
		env["PERSO_LOOKBACK"] = spec.Lookback.String()
	}
	if tail := a.spec.Env[collector.EnvTail]; tail != "" {
		env[collector.EnvTail] = tail
	}
	return env
}

// endPipeline stops the pipeline and copies out what was asked for.
func (a *foreignArm) endPipeline(ctx context.Context) error {
	errs := []error{a.pipeline.Stop(ctx, 8*time.Second)}
	fmt.Fprintf(a.log(), "--- %s\n", a.pipeline.Name)
	errs = append(errs, a.pipeline.Logs(ctx, logLines, a.log()))
	if dir := a.foreign.spec.SeriesDir; dir != "" {
		errs = append(errs, a.pipeline.CopyOut(ctx, prometheusData, filepath.Join(dir, a.spec.Name)))
	}
	if dir := a.foreign.spec.TelemetryDir; dir != "" {
		errs = append(errs, a.pipeline.CopyOut(ctx, telemetryData, dir))
	}
	return errors.Join(errs...)
}

// Telemetry is what our pipeline took in; nothing where the user's own takes it.
func (a *foreignArm) Telemetry(ctx context.Context) (result.Telemetry, error) {
	var t result.Telemetry
	if a.pipeline == nil {
		return t, nil
	}
	r := roles{a.spec.Name, a.token, func(string) (string, bool) { return a.prometheus, true }}
	return t, r.call(ctx, http.MethodPost, Telemetry, "stats", struct{}{}, &t)
}
