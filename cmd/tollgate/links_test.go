package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// fence is a block of a page in a language, with what stands before and in it.
var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

// link is a link or a picture of Markdown, in one or two lines, with its target.
var link = regexp.MustCompile(`\]\(([^()\s]+)\)`)

// everyPage are the pages of the repository by their paths, with those of docs/faults and the extension's.
func everyPage(t *testing.T) map[string]string {
	t.Helper()
	below, err := filepath.Glob("../../docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range append(append(pages(t), "../../xk6-perso/README.md"), below...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Clean(path)] = string(text)
	}
	return texts
}

// TestLinks follows every link of the pages to a file of the repository, and to a heading where it names one.
func TestLinks(t *testing.T) {
	texts := everyPage(t)
	followed := 0
	for page, text := range texts {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target, err := url.Parse(m[1])
			if err != nil {
				t.Errorf("%s: link %s: %v", page, m[1], err)
				continue
			}
			if target.Scheme != "" {
				continue
			}
			followed++
			to := page
			if target.Path != "" {
				to = filepath.Join(filepath.Dir(page), filepath.FromSlash(target.Path))
			}
			if err := follow(texts, to, target.Fragment); err != nil {
				t.Errorf("%s: link %s: %v", page, m[1], err)
			}
		}
	}
	if followed < 100 {
		t.Errorf("only %d links found", followed)
	}
}

// follow is an error where a file does not exist, or is a page without the heading.
func follow(texts map[string]string, file, heading string) error {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	if heading == "" {
		return nil
	}
	text, ok := texts[file]
	if !ok {
		return fmt.Errorf("%s is no page, and has no headings", file)
	}
	if !anchors(text)[heading] {
		return fmt.Errorf("%s has no heading #%s", file, heading)
	}
	return nil
}

// anchors are the names that GitHub gives to the headings of a page: letters, digits, hyphens and underscores in lower case, with a
// hyphen for every space, and a number behind the second heading of a name.
func anchors(page string) map[string]bool {
	out, times := map[string]bool{}, map[string]int{}
	for line := range strings.Lines(fence.ReplaceAllString(page, "")) {
		_, heading, is := strings.Cut(line, "# ")
		if !is || strings.Trim(strings.TrimSuffix(line, heading), "# ") != "" {
			continue
		}
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(heading))
		if n := times[name]; n > 0 {
			out[fmt.Sprintf("%s-%d", name, n)] = true
		} else {
			out[name] = true
		}
		times[name]++
	}
	return out
}

// TestYAMLOfPages parses every block of YAML.
func TestYAMLOfPages(t *testing.T) {
	blocks := 0
	for page, text := range everyPage(t) {
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			if m[1] != "yaml" {
				continue
			}
			blocks++
			documents := yaml.NewDecoder(strings.NewReader(m[2]))
			for {
				var document any
				if err := documents.Decode(&document); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Errorf("%s: %v in\n%s", page, err, m[2])
					break
				}
			}
		}
	}
	if blocks < 5 {
		t.Errorf("only %d blocks of YAML found", blocks)
	}
}

// TestCICommands tries the commands in the snippets of docs/ci.md: the flags and the experiment of a run, the flags of the others.
func TestCICommands(t *testing.T) {
	text, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	waivers := filepath.Join(t.TempDir(), "waivers.yaml")
	if err := os.WriteFile(waivers, []byte("[]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^.*?(?:bin/)?tollgate ((?:run|gate|compare) [^"|\n]*)`)
	tried := 0
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		for _, m := range command.FindAllStringSubmatch(block[2], -1) {
			tried++
			words := split(strings.ReplaceAll(m[1], "waivers.yaml", waivers))
			if words[0] == "run" {
				words = append(words, "--print-experiment")
			} else {
				words = append(words, "--help")
			}
			var stderr strings.Builder
			if code := run(context.Background(), words, nil, discard{}, &stderr); code != 0 {
				t.Errorf("%q: exit code %d: %s", m[1], code, stderr.String())
			}
		}
	}
	if tried < 6 {
		t.Errorf("only %d commands found", tried)
	}
}
