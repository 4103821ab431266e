package reports

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/url"

	"github.com/tollgate-dev/tollgate/internal/result"
)

//go:embed html.tmpl
var htmlTemplate string

//go:embed html.css
var htmlStyle string

// mostParts is how many parts of a chapter the contents of the page list openly; more are folded.
const mostParts = 6

// page is what the template shows.
type page struct {
	Style      template.CSS
	Run        result.Run
	Ruling     ruling
	Reasons    []string // for the verdict, folded; unless the run passes the beginning of the first stands openly
	Unfinished string
	Measured   string
	First      []section
	Chapters   []chapter
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

// renderHTML writes the page: self-contained, without script, and with a policy that would stop any.
func renderHTML(r *report) ([]byte, error) {
	sections, notes := r.in(inHTML)
	t, err := template.New("report").Funcs(template.FuncMap{
		"number": notes.number, "plus": func(a, b int) int { return a + b }, "stamp": stamp,
		"place": place,
	}).Parse(htmlTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	first, rest := firstFirst(sections)
	if err := t.Execute(&b, page{
		Style: template.CSS(htmlStyle), // #nosec G203 -- a file of this package
		Run:   r.run, Ruling: r.ruling, Reasons: r.reasons, Unfinished: r.unfinished,
		Measured: measured(r.run, r.load), First: first, Chapters: chapters(rest),
	}); err != nil {
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
