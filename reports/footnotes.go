package reports

import (
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// footnotes are numbered from 1 in the order in which they are first referred to, each once.
type footnotes struct{ texts []string }

// number is the number of a footnote; 0 for "", which is none.
func (f *footnotes) number(text string) int {
	if text == "" {
		return 0
	}
	i := slices.Index(f.texts, text)
	if i < 0 {
		f.texts = append(f.texts, text)
		i = len(f.texts) - 1
	}
	return i + 1
}

// mark is the reference to a footnote behind a text, "" for none.
func (f *footnotes) mark(text string) string {
	if n := f.number(text); n > 0 {
		return fmt.Sprintf(" [%d]", n)
	}
	return ""
}

// notesOf are all notes of an analysis.
func notesOf(a *verdict.Analysis) *footnotes {
	f := &footnotes{}
	for _, t := range a.Toll {
		for _, e := range t.Effects {
			f.number(e.Note)
		}
	}
	if a.Capacity != nil {
		for _, arm := range a.Capacity.Arms {
			f.number(arm.Effect.Note)
		}
	}
	if a.Catch != nil {
		for _, fault := range a.Catch.Faults {
			for i := range a.Catch.Levels {
				f.number(cellAt(fault, i).Note)
			}
		}
	}
	for _, note := range a.Notes {
		f.number(note)
	}
	return f
}

// noteMark is the reference to a footnote, "" if there is none.
func noteMark(a *verdict.Analysis, note string) string { return notesOf(a).mark(note) }
