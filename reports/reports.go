// Package reports renders an analysed run, one file per format.
//
// A report is data before a format shows it: sections, which are built from a verdict.Analysis alone and say what is shown
// and with how many digits; see section. JSON, JUnit, benchstat and the pictures read the analysis themselves. Nothing here
// computes statistics. The same Analysis gives the same bytes: no clock, no environment, no map order. All text
// that came from a run is stripped of control and invisible characters before a renderer sees it, and then escaped
// by the rules of the format.
package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Format is one way to show a run.
type Format struct {
	Name  string // as given to --format
	File  string // its name in the run directory, "" for the one that goes to stdout
	Title string // what it is for, in a few words
	// Render writes the report. The only errors are those of w.
	Render func(w io.Writer, a *verdict.Analysis) error
}

// All lists every format, in display order.
func All() []Format {
	return []Format{
		{"text", "", "for a terminal and for logs", toScreen(renderScreen, inFull(renderText))},
		{"html", "report.html", "one self-contained page with pictures", whole(ofSections(renderHTML))},
		{"markdown", "report.md", "for a comment on a pull request", whole(ofSections(renderMarkdown))},
		{"json", "report.json", "for programs; a stable schema", whole(renderJSON)},
		{"junit", "report.xml", "for CI systems that read JUnit XML", whole(renderJUnit)},
		{"csv", "report.csv", "one long, tidy table for spreadsheets and data frames", whole(ofSections(renderCSV))},
		{"benchstat", "report.bench", "Go benchmark lines for benchstat", whole(renderBenchstat)},
	}
}

// Lookup finds a format by name. The error lists the legal names.
func Lookup(name string) (Format, error) {
	return named(All(), name, "", func(f Format) string { return f.Name })
}

// named finds a format of something by its name. The error lists the legal names.
func named[F any](all []F, name, of string, nameOf func(F) string) (found F, err error) {
	var names []string
	for _, f := range all {
		if nameOf(f) == name {
			return f, nil
		}
		names = append(names, nameOf(f))
	}
	return found, fmt.Errorf("reports: unknown format %q%s: use one of %s", name, of, strings.Join(names, ", "))
}

// ofSections is a format that is made of sections.
func ofSections(render func(*report) ([]byte, error)) func(*verdict.Analysis) ([]byte, error) {
	return func(a *verdict.Analysis) ([]byte, error) { return render(reportOf(a)) }
}

// toScreen is a format that keeps to the width of its writer. It has a short form, and one in full for a writer that is verbose.
func toScreen(short, full func(*verdict.Analysis, Screen) ([]byte, error)) func(io.Writer, *verdict.Analysis) error {
	return func(w io.Writer, a *verdict.Analysis) error {
		s, render := screenOf(w), short
		if s.Verbose {
			render = full
		}
		return whole(func(a *verdict.Analysis) ([]byte, error) { return render(a, s) })(w, a)
	}
}

// inFull is a format for a screen that is made of all sections.
func inFull(render func(*report) ([]byte, error)) func(*verdict.Analysis, Screen) ([]byte, error) {
	return func(a *verdict.Analysis, s Screen) ([]byte, error) {
		r := reportOf(a)
		r.columns = s.Columns
		return render(r)
	}
}

// whole cleans the analysis, renders it in memory and writes it at once, so that an error leaves no half report.
func whole(render func(*verdict.Analysis) ([]byte, error)) func(io.Writer, *verdict.Analysis) error {
	return atOnce(printable, render)
}

// atOnce is whole for anything that is shown.
func atOnce[T any](clean func(*T) *T, render func(*T) ([]byte, error)) func(io.Writer, *T) error {
	return func(w io.Writer, of *T) error {
		text, err := render(clean(of))
		if err != nil {
			return fmt.Errorf("reports: %w", err)
		}
		if _, err := w.Write(text); err != nil {
			return fmt.Errorf("reports: %w", err)
		}
		return nil
	}
}
