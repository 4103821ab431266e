package reports

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/url"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

//go:embed html.tmpl
var htmlTemplate string

//go:embed html.css
var htmlStyle string

// page is what the template shows.
type page struct {
	Style      template.CSS
	Run        result.Run
	Outcome    verdict.Outcome
	Meaning    string
	Reasons    []string
	Unfinished string
	Measured   string
	Machine    string
	Chapters   []chapter
}

// chapter is a section with those that are part of it.
type chapter struct {
	section
	Subs  []section
	Parts []part // of all of them, for the contents
}

// renderHTML writes the page: self-contained, without script, and with a policy that would stop any.
func renderHTML(r *report) ([]byte, error) {
	sections, notes := r.in(inHTML)
	t, err := template.New("report").Funcs(template.FuncMap{
		"number": notes.number, "outcomeMark": outcomeMark, "plus": func(a, b int) int { return a + b }, "stamp": stamp,
		"place": place,
		"upper": func(o verdict.Outcome) string { return strings.ToUpper(string(o)) },
	}).Parse(htmlTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, page{
		Style: template.CSS(htmlStyle), // #nosec G203 -- a file of this package
		Run:   r.run, Outcome: r.outcome, Meaning: r.meaning, Reasons: r.reasons, Unfinished: r.unfinished,
		Measured: measured(r.run, r.load), Machine: machineLine(r.run.Machine), Chapters: chapters(sections),
	}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
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
