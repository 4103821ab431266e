package reports

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// noted is a run whose notes are of a metric that only some formats show, of one that all show, of a cell, and of the run.
func noted() *verdict.Analysis {
	a := fixture()
	for i := range a.Toll {
		for j := range a.Toll[i].Effects {
			if e := &a.Toll[i].Effects[j]; e.Metric.ID == "p90" {
				e.Note = "of p90"
			}
		}
	}
	a.Notes = []string{"of the run as a whole"}
	return a
}

// Every footnote that has a number is referred to by what the format shows, numbers follow each other in the order of the
// first references, and what is said of the run as a whole has none.
func TestFootnotesAreReferredTo(t *testing.T) {
	for format, c := range map[string]struct {
		note, reference *regexp.Regexp // a number is their first group
		split           string         // between references and notes
		p90             bool           // shown
	}{
		"text":     {regexp.MustCompile(`(?m)^  \[(\d+)\]`), regexp.MustCompile(`\[(\d+)\]`), "\nnotes\n", false},
		"markdown": {regexp.MustCompile(`(?m)^\[\^(\d+)\]: `), regexp.MustCompile(`\[\^(\d+)\]`), "Run, machine and notes", false},
		"html":     {regexp.MustCompile(`id="note-(\d+)"`), regexp.MustCompile(`href="#note-(\d+)"`), `<h3 id="notes">`, true},
	} {
		body, notes, found := strings.Cut(render(t, format, noted()), c.split)
		if !found {
			t.Fatalf("%s: no %q", format, c.split)
		}
		numbers := func(of *regexp.Regexp, text string) []string {
			var out []string
			for _, m := range of.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(out, m[1]) {
					out = append(out, m[1])
				}
			}
			return out
		}
		listed, referred := numbers(c.note, notes), numbers(c.reference, body)
		var want []string
		for i := range listed {
			want = append(want, strconv.Itoa(i+1))
		}
		if len(listed) < 2 || !slices.Equal(listed, want) || !slices.Equal(referred, want) {
			t.Errorf("%s: notes %v, references %v, want both from 1 on", format, listed, referred)
		}
		if strings.Contains(notes, "of p90") != c.p90 {
			t.Errorf("%s: the note of p90 is listed: %v, want %v", format, !c.p90, c.p90)
		}
		if !strings.Contains(notes, "of the run as a whole") {
			t.Errorf("%s: what is said of the whole run is missing", format)
		}
	}
}
