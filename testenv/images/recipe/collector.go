package recipe

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"text/template"

	"github.com/tollgate-dev/tollgate/testenv/images/build"
)

// Modules of the Collector and of its contributed components.
const (
	collectorCore    = "go.opentelemetry.io/collector"
	collectorContrib = "github.com/open-telemetry/opentelemetry-collector-contrib"
)

// collectorParts are the components of the recipe's Collector, by kind: those that our configurations use, and a few that
// users' own configurations may need.
func collectorParts() []collectorKind {
	return []collectorKind{
		{"receiver", "Receivers", []string{collectorCore + "/receiver/otlpreceiver"}},
		{"processor", "Processors", []string{
			collectorCore + "/processor/batchprocessor", collectorCore + "/processor/memorylimiterprocessor",
			collectorContrib + "/processor/attributesprocessor", collectorContrib + "/processor/filterprocessor",
			collectorContrib + "/processor/redactionprocessor", collectorContrib + "/processor/resourceprocessor",
			collectorContrib + "/processor/tailsamplingprocessor", collectorContrib + "/processor/transformprocessor",
		}},
		{"exporter", "Exporters", []string{
			collectorCore + "/exporter/debugexporter", collectorCore + "/exporter/nopexporter",
			collectorCore + "/exporter/otlpexporter", collectorCore + "/exporter/otlphttpexporter",
			collectorContrib + "/exporter/fileexporter", collectorContrib + "/exporter/clickhouseexporter",
			collectorContrib + "/exporter/prometheusexporter", collectorContrib + "/exporter/prometheusremotewriteexporter",
			collectorContrib + "/exporter/zipkinexporter",
		}},
		{"connector", "Connectors", []string{
			collectorContrib + "/connector/countconnector", collectorContrib + "/connector/spanmetricsconnector",
		}},
		{"extension", "Extensions", []string{collectorContrib + "/extension/healthcheckextension"}},
	}
}

// collectorKind is a kind of components.
type collectorKind struct {
	Package string // of the kind's Factory type, below collectorCore
	Field   string // of otelcol.Factories
	Modules []string
}

//go:embed collector.tmpl
var collectorMain string

//go:embed collector.yaml
var collectorConfig []byte

// collector builds a Collector from the Go modules of its components, as the Collector's own builder does.
func collector() Recipe {
	return Recipe{
		Name: "collector", From: "Go modules " + collectorCore + " and " + collectorContrib, Tools: []string{"go"}, version: sameVersion,
		make: func(ctx context.Context, b builder) (build.Image, error) {
			modules := []string{collectorCore + "/otelcol@" + b.version}
			for _, kind := range collectorParts() {
				for _, module := range kind.Modules {
					modules = append(modules, module+"@"+b.version)
				}
			}
			source, err := collectorSource(b.tag)
			if err != nil {
				return build.Image{}, err
			}
			if err := os.WriteFile(filepath.Join(b.dir, "main.go"), source, 0o600); err != nil {
				return build.Image{}, err
			}
			binary, err := b.goBuild(ctx, ".", "", modules...)
			return build.Image{
				Entries: slices.Concat([]build.Entry{
					{Path: "/otelcol-contrib", Mode: 0o755, From: binary},
					{Path: "/etc/otelcol-contrib/config.yaml", Mode: 0o644, Text: collectorConfig},
				}, build.Base(otelUser)),
				Entrypoint: []string{"/otelcol-contrib"}, Cmd: []string{"--config", "/etc/otelcol-contrib/config.yaml"},
				User: fmt.Sprintf("%d:%d", otelUser, otelUser), Ports: []string{"4317", "4318", "8888", "13133"},
			}, err
		},
	}
}

// collectorSource is the Go program of a Collector with collectorParts. It reports version as its own.
func collectorSource(version string) ([]byte, error) {
	t, err := template.New("main").Funcs(template.FuncMap{"base": path.Base}).Parse(collectorMain)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{"Core": collectorCore, "Version": version, "Kinds": collectorParts()})
	return out.Bytes(), err
}
