package engine

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
)

// Modules of the Collector and of its contributed components.
const (
	collectorCore    = "go.opentelemetry.io/collector"
	collectorContrib = "github.com/open-telemetry/opentelemetry-collector-contrib"
)

// collectorParts are the components, by kind, that the recipe's Collector has: those that the configurations here use, and
// a few that people's own ones will want.
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
	Package string // where the kind's Factory type is, below collectorCore
	Field   string // of otelcol.Factories
	Modules []string
}

//go:embed recipe_collector.tmpl
var collectorMain string

//go:embed recipe_collector.yaml
var collectorConfig []byte

// collectorRecipe makes a Collector of the Go modules of its components, which is what the Collector's own builder does.
func collectorRecipe() Recipe {
	return Recipe{
		Name: "collector", Of: "Go modules " + collectorCore + " and " + collectorContrib, Tools: []string{"go"},
		make: func(ctx context.Context, k kitchen) (Scratch, error) {
			version, err := sameVersion(k.tag)
			if err != nil {
				return Scratch{}, err
			}
			modules := []string{collectorCore + "/otelcol@" + version}
			for _, kind := range collectorParts() {
				for _, module := range kind.Modules {
					modules = append(modules, module+"@"+version)
				}
			}
			source, err := collectorSource(k.tag)
			if err != nil {
				return Scratch{}, err
			}
			if err := os.WriteFile(filepath.Join(k.dir, "main.go"), source, 0o644); err != nil {
				return Scratch{}, err
			}
			binary, err := k.goBuild(ctx, ".", "", modules...)
			return Scratch{
				Entries: slices.Concat([]Entry{
					{Path: "/otelcol-contrib", Mode: 0o755, From: binary},
					{Path: "/etc/otelcol-contrib/config.yaml", Mode: 0o644, Text: collectorConfig},
				}, basis(otelUser)),
				Entrypoint: []string{"/otelcol-contrib"}, Cmd: []string{"--config", "/etc/otelcol-contrib/config.yaml"},
				User: fmt.Sprintf("%d:%d", otelUser, otelUser), Ports: []string{"4317", "4318", "8888", "13133"},
			}, err
		},
	}
}

// collectorSource is the Go program of a Collector with these parts.
func collectorSource(version string) ([]byte, error) {
	t, err := template.New("main").Funcs(template.FuncMap{"base": path.Base}).Parse(collectorMain)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{"Core": collectorCore, "Version": version, "Kinds": collectorParts()})
	return out.Bytes(), err
}
