package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/scenarios"
	"github.com/tollgate-dev/tollgate/testenv"
)

var update = flag.Bool("update", false, "write the README's tables anew from the code")

const readme = "../../README.md"

// readmeTables returns the README's tables that are made from the code, by the heading above them.
func readmeTables() map[string]string {
	levels := "| level | what is on |\n|---|---|\n"
	for _, l := range testenv.Levels() {
		levels += fmt.Sprintf("| `%s` | %s |\n", l.Name, l.Title)
	}
	catalogue := "| group | faults |\n|---|---|\n"
	for _, group := range faults.Groups() {
		var links []string
		for _, f := range faults.All() {
			if f.Group == group {
				links = append(links, fmt.Sprintf("[`%s`](docs/faults/README.md#%s)", f.ID, f.ID))
			}
		}
		catalogue += fmt.Sprintf("| %s | %s |\n", group, strings.Join(links, ", "))
	}
	return map[string]string{"## Levels\n\n": levels, "## Faults\n\n": catalogue}
}

// TestReadmeTables compares the README's tables with the code; with -update it writes them.
func TestReadmeTables(t *testing.T) {
	text := readReadme(t)
	for heading, want := range readmeTables() {
		before, rest, found := strings.Cut(text, heading)
		if !found {
			t.Fatalf("no heading %q", strings.TrimSpace(heading))
		}
		got, after, _ := strings.Cut(rest, "\n\n")
		if got+"\n" != want {
			if !*update {
				t.Errorf("%s differs from the code: run go test ./cmd/tollgate -run Readme -update\ngot:\n%s\nwant:\n%s", strings.TrimSpace(heading), got, want)
				continue
			}
			text = before + heading + want + "\n" + after
		}
	}
	if *update {
		if err := os.WriteFile(readme, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadmeCommands tries every command of the README. Of commands that run or need a stack it checks the flags and the
// experiment; it carries out the others. The main job itself is run by .ci/run and by the test script run.txtar.
func TestReadmeCommands(t *testing.T) {
	tried := 0
	for _, line := range commands(readReadme(t)) {
		args, ours := strings.CutPrefix(line, "go run ./cmd/tollgate ")
		if !ours {
			if line != "make test" {
				t.Errorf("%q is no command of this repository", line)
			}
			continue
		}
		tried++
		words := split(args)
		switch words[0] {
		case "run", "sweep":
			for i, word := range words { // this name means a file of the reader
				if word == "clicks.tsv" {
					words[i] = writeClicks(t)
				}
			}
			words = append(words, "--print-experiment")
		case "report", "gate", "compare", "backtest":
			if words[1] != "runs/RUN" {
				t.Errorf("%q: a run is written runs/RUN", line)
			}
			words = append(words, "--help")
		case "up", "down":
			words = append(words, "--help")
		case "k6":
			script, found := strings.CutPrefix(words[len(words)-1], "scenarios/")
			if _, err := scenarios.Scripts.ReadFile(script); !found || err != nil {
				t.Errorf("%q: %v", line, err)
			}
			continue
		}
		var stderr strings.Builder
		if code := run(context.Background(), words, nil, discard{}, &stderr); code != 0 {
			t.Errorf("%q: exit code %d: %s", line, code, stderr.String())
		}
	}
	if tried < 5 {
		t.Errorf("only %d commands found", tried)
	}
}

// TestReadmeWords holds the README's table of words to the output above it: an example stands in both, and the time in an
// example is the one that its meaning names.
func TestReadmeWords(t *testing.T) {
	text := readReadme(t)
	_, output, _ := strings.Cut(text, "<!-- output of: pr")
	output, table, _ := strings.Cut(output, "## What it says")
	table, _, _ = strings.Cut(table, "\n\nA run whose")
	number := regexp.MustCompile(`[0-9.]+ s\b`)
	examples := 0
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(table, -1) {
		example, meaning := row[1], row[2]
		examples++
		shown := example
		if alert := regexp.MustCompile(` [A-Z]\w+$`).FindString(example); alert != "" {
			shown = strings.TrimSuffix(example, alert) // the alert stands on the line below
		}
		if !strings.Contains(output, shown) {
			t.Errorf("the example %q is not in the output above", example)
		}
		if in, of := number.FindString(example), number.FindString(meaning); in != of {
			t.Errorf("the example %q says %s, its meaning %s", example, in, of)
		}
	}
	if examples == 0 {
		t.Error("the table of words has no example")
	}
}

func readReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commands returns the lines of the README's sh blocks.
func commands(text string) []string {
	var out []string
	for _, block := range strings.Split(text, "```sh\n")[1:] {
		body, _, _ := strings.Cut(block, "```")
		out = append(out, strings.Split(strings.TrimSpace(body), "\n")...)
	}
	return slices.DeleteFunc(out, func(line string) bool { return line == "" })
}

// split splits a line into words as a shell does, as far as the README needs it: single quotes.
func split(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}

func writeClicks(t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/clicks.tsv"
	if err := os.WriteFile(path, []byte("SessionId\tItemId\tTime\n1\t2\t3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
