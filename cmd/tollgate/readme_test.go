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

var update = flag.Bool("update", false, "write the pages anew from the code")

const readme = "../../README.md"

// generated is a table of a page that is made from the code, and the heading above it.
type generated struct{ page, heading, table string }

func generatedTables() []generated {
	levels := "| level | what is on |\n|---|---|\n"
	for _, l := range testenv.Levels() {
		levels += fmt.Sprintf("| `%s` | %s |\n", l.Name, l.Title)
	}
	catalogue := "| kind | fault | what happens |\n|---|---|---|\n"
	for _, group := range faults.Groups() {
		kind := group // once, in its first line
		for _, f := range faults.All() {
			if f.Group == group {
				catalogue += fmt.Sprintf("| %s | [`%s`](docs/faults/README.md#%s) | %s |\n", kind, f.ID, f.ID, f.Title)
				kind = ""
			}
		}
	}
	return []generated{{"../../docs/levels.md", "## What there is", levels}, {readme, "## Faults", catalogue}}
}

// TestReadmeTables compares the tables with the code; with -update it writes them.
func TestReadmeTables(t *testing.T) {
	for _, g := range generatedTables() {
		text := readPage(t, g.page)
		before, rest, found := strings.Cut(text, g.heading+"\n\n")
		if !found {
			t.Fatalf("%s: no heading %q", g.page, g.heading)
		}
		got, after, _ := strings.Cut(rest, "\n\n")
		if got+"\n" == g.table {
			continue
		}
		if !*update {
			t.Errorf("%s: %s differs from the code: run go test ./cmd/tollgate -run Readme -update\ngot:\n%s\nwant:\n%s", g.page, g.heading, got, g.table)
			continue
		}
		if err := os.WriteFile(g.page, []byte(before+g.heading+"\n\n"+g.table+"\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadmeCommands tries every command of the README and of the pages for those who begin. Of commands that run or need a stack it
// checks the flags and the experiment; it carries out the others. The main job itself is run by .ci/run and by the test script run.txtar.
func TestReadmeCommands(t *testing.T) {
	var lines []string
	for _, page := range []string{readme, "../../docs/quick-start.md", "../../docs/k6-scripts.md"} {
		lines = append(lines, commands(readPage(t, page))...)
	}
	slices.Sort(lines)
	tried := 0
	for _, line := range slices.Compact(lines) {
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
	if tried < 20 {
		t.Errorf("only %d commands found", tried)
	}
}

// TestWords holds the examples of docs/concepts.md, its last column, to the report of docs/reading-a-report.md: one with a digit is
// in its printed output, unless it is a budget.
func TestWords(t *testing.T) {
	var printed strings.Builder
	for i, part := range strings.Split(readPage(t, "../../docs/reading-a-report.md"), "```") {
		if i%2 == 1 {
			printed.WriteString(part)
		}
	}
	output := strings.Join(strings.Fields(printed.String()), " ")
	examples := 0
	for _, row := range regexp.MustCompile(`(?m)^\| .* \| (.*) \|$`).FindAllStringSubmatch(readPage(t, "../../docs/concepts.md"), -1) {
		for _, span := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			if !strings.ContainsAny(span[1], "0123456789") || strings.Contains(span[1], "<=") {
				continue
			}
			examples++
			if !strings.Contains(output, span[1]) {
				t.Errorf("the example %q is not in the report that is explained", span[1])
			}
		}
	}
	if examples < 15 {
		t.Errorf("only %d examples found", examples)
	}
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commands returns the lines of a page's sh blocks.
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
