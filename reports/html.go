package reports

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

//go:embed html.tmpl
var htmlTemplate string

//go:embed html.css
var htmlStyle string

//go:embed html.js
var htmlScript string

// mostParts is how many parts of a chapter the contents of the page list openly; more are folded.
const mostParts = 6

// page is what the template shows.
type page struct {
	Style      template.CSS
	Script     template.JS
	Policy     string   // what the page may do: nothing but its own style and its own script, by its digest
	Levels     []string // to choose from; the baseline, which everything is compared with, always stands
	Title      string   // of the window
	Heading    string
	Leads      []string // below the heading
	Box        string   // what the ruling is: the verdict on a run
	Ruling     ruling
	Reasons    []string // for the ruling, folded; unless the run passes the beginning of the first stands openly
	Unlike     []string // what differs from the run compared with: in red, and in words
	Unfinished string
	First      []section
	Chapters   []chapter
	Foot       string
}

// chapter is a section with those that are part of it.
type chapter struct {
	section
	Subs  []section
	Parts []part // of all of them, for the contents
}

// ManyParts says that the contents fold the parts.
func (c chapter) ManyParts() bool { return len(c.Parts) > mostParts }

// Passes says that nothing speaks against the run, so that its reasons need not be read.
func (p page) Passes() bool { return p.Ruling.Class == "pass" || p.Ruling.Class == "unjudged" }

// policy is the Content-Security-Policy of a page with one script, or with none.
func policy(script string) string {
	const without = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
	if script == "" {
		return without
	}
	digest := sha256.Sum256([]byte(script))
	return without + "; script-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
}

// choices are the levels that a reader of the page can choose from; none where there is no choice.
func choices(r result.Run) []string {
	var out []string
	for i, l := range r.Levels {
		if i > 0 && !slices.Contains(out, l.Name) {
			out = append(out, l.Name)
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// renderHTML writes the page of a run.
func renderHTML(r *report) ([]byte, error) {
	run := r.run
	return r.page(page{
		Title: r.ruling.Title() + ": tollgate run " + run.ID, Heading: "Run " + run.ID,
		Leads: []string{fmt.Sprintf("%s · profile %s · environment %s · seed %d", stamp(run.Started), run.Profile, run.Environment, run.Seed),
			measured(run, r.load)},
		Box: "Verdict", Ruling: r.ruling, Reasons: r.reasons, Unlike: r.unlike, Unfinished: r.unfinished,
		Foot:   "Rendered from the run directory and from nothing else.",
		Script: template.JS(htmlScript), Levels: choices(run), // #nosec G203 -- a file of this package
	})
}

// page writes a page with the sections of the report: self-contained, and with a policy that stops any script but the one that it has, on which nothing depends.
func (r *report) page(p page) ([]byte, error) {
	sections, notes := r.in(inHTML)
	t, err := template.New("report").Funcs(template.FuncMap{
		"number": notes.number, "plus": func(a, b int) int { return a + b }, "place": place, "levelOf": rowLevel,
	}).Parse(htmlTemplate)
	if err != nil {
		return nil, err
	}
	first, rest := firstFirst(sections)
	p.Style = template.CSS(htmlStyle) // #nosec G203 -- a file of this package
	p.Policy = policy(string(p.Script))
	p.First, p.Chapters = first, chapters(rest)
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// firstFirst takes the sections apart that stand before the contents.
func firstFirst(sections []section) (first, rest []section) {
	for _, s := range sections {
		if s.First {
			first = append(first, s)
		} else {
			rest = append(rest, s)
		}
	}
	return first, rest
}

// rowLevel is the level that a row of a table is of; "" for none.
func rowLevel(row []cell) string {
	for _, c := range row {
		if c.Level != "" {
			return c.Level
		}
	}
	return ""
}

// chapters puts sections together with those that are part of them.
func chapters(sections []section) []chapter {
	var out []chapter
	for _, s := range sections {
		if !s.Sub || len(out) == 0 {
			out = append(out, chapter{section: s})
		} else {
			last := &out[len(out)-1]
			last.Subs = append(last.Subs, s)
		}
		for _, b := range s.Blocks {
			if p, ok := b.(part); ok {
				out[len(out)-1].Parts = append(out[len(out)-1].Parts, p)
			}
		}
	}
	return out
}

// place is the address of an anchor of the page.
func place(anchor string) template.URL {
	return template.URL((&url.URL{Fragment: anchor}).String()) // #nosec G203 -- it is escaped, and has nothing before the fragment
}
