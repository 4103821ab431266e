package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Several files say how long a run and `make bench-verdict` take. They must use the same words.
func TestDurationsAgree(t *testing.T) {
	const (
		run   = "about six minutes on two cores"
		short = "about 45 minutes"
		full  = "about two and a half hours"
	)
	for file, says := range map[string][]string{
		"README.md":            {run},
		"scenarios/pr.yaml":    {run},
		"Makefile":             {run, short, full},
		"docs/measurements.md": {short, full},
	} {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Join(strings.Fields(string(text)), " ") // in whatever lines
		for _, want := range says {
			if !strings.Contains(words, want) {
				t.Errorf("%s does not say %q", file, want)
			}
		}
	}
}
