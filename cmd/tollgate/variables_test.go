package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/injection"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
)

// arrivals has, for every documented variable, a value and a function that returns what the reading code makes of it.
// TestRunOfURLs shows that TOLLGATE_VUS reaches k6.
var arrivals = map[string]struct {
	value string
	found func() (any, error)
}{
	slot.EnvVUs: {"7", func() (any, error) {
		f := runFlags{settings: settings()}
		e, err := f.experiment((&app{}).runCommand(), nil)
		if err != nil {
			return nil, err
		}
		return e.Journeys.VUs, nil
	}},
	envStackBinary: {"/opt/tollgate-arm64", func() (any, error) {
		env, _, err := (&app{stderr: io.Discard}).environment(&experiment.Experiment{Environment: "containers"}, "")
		return env, err
	}},
	collector.EnvOTLPEndpoint: {"https://otlp.example.com", otlpVariables},
	collector.EnvOTLPHeaders:  {"api-key=k3y", otlpVariables},
	injection.EnvControl:      {"http://tollgate:secret@127.0.0.1:1", func() (any, error) { return os.Getenv(injection.EnvControl), nil }}, // of k6 scripts: TestUpWithFaults
	enginetest.EnvRequire:     {"1", func() (any, error) { return os.Getenv(enginetest.EnvRequire), nil }},                                 // of tests only; enginetest.Missing reads it
	"TOLLGATE_MUTATION_SEED":  {"7", func() (any, error) { return os.Getenv("TOLLGATE_MUTATION_SEED"), nil }},                              // of reports.TestMutations only
}

func otlpVariables() (any, error) {
	return collector.Environ([]collector.Target{{Backend: "otlp"}}, os.Getenv)
}

// TestDocumentedVariables checks that README, docs and Makefile document exactly the variables that are read. It sets each
// variable and checks that its value arrives.
func TestDocumentedVariables(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	documented := map[string]string{} // where, by name
	for _, page := range append(pages, readme, "../../Makefile") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`TOLLGATE_[A-Z_]+`).FindAllString(string(text), -1) {
			documented[name] = page
		}
	}
	for name, page := range documented {
		if _, ok := arrivals[name]; !ok {
			t.Errorf("%s documents %s, which nothing is known to read", page, name)
		}
	}
	for name, arrival := range arrivals {
		if documented[name] == "" {
			t.Errorf("%s is read, but no page documents it", name)
		}
		t.Run(name, func(t *testing.T) {
			t.Setenv(collector.EnvOTLPEndpoint, "http://127.0.0.1:4318") // the headers are of no effect without it
			t.Setenv(name, arrival.value)
			found, err := arrival.found()
			_, value, named := strings.Cut(arrival.value, "=") // the value of a header: the header is taken apart
			if !named {
				value = arrival.value
			}
			if err != nil || !strings.Contains(fmt.Sprintf("%+v", found), value) {
				t.Errorf("%s=%s: %+v, %v", name, arrival.value, found, err)
			}
		})
	}
}
