package reports

import (
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// report is a run as the formats that are made of sections show it. Each format makes a head of its own from the first fields.
type report struct {
	run        result.Run
	load       verdict.Load
	ruling     ruling
	reasons    []string
	unlike     []string // the run before, where earlier runs were given
	unfinished string   // why the run is not complete; "" if it is
	headline   []string
	sections   []section
	notes      []string // of the report as a whole
	columns    int      // of text
}

// reportOf is the report of an analysis.
func reportOf(a *verdict.Analysis) *report {
	r := &report{columns: columns, run: a.Run, load: a.Load, ruling: rulingOf(a), reasons: a.Reasons,
		unfinished: unfinished(a), headline: headline(a), notes: a.Notes}
	if a.Since != nil {
		for _, text := range a.Since.Unlike {
			r.unlike = append(r.unlike, brief(fmt.Sprintf("than run %s: %s", a.Since.With, text), longestWarning))
		}
	}
	for _, build := range sections() {
		r.sections = append(r.sections, build(a)...)
	}
	return r
}

// sections builds every section of a report, in display order.
func sections() []func(*verdict.Analysis) []section {
	return []func(*verdict.Analysis) []section{
		headlineSection,
		answerSection,
		controlsSection,
		budgetsSection,
		waiversSection,
		sinceSection,
		frontierSection,
		tollSections,
		costSection,
		breakdownSection,
		contentsSection,
		cpuSection,
		moneySection,
		distributionsSection,
		hopsSection,
		roundsSection,
		capacitySection,
		limitsSection,
		catchSection,
		historySection,
		repeatsSection,
		feltSection,
		faultsSection,
		coverageSection,
		storySection,
		methodSections,
	}
}

// in are the sections as a format shows them: nothing is left in them that it does not show, sections without anything are
// gone, and the lists of notes hold what is referred to, numbered in the order of the first references.
func (r *report) in(format formats) ([]section, *footnotes) {
	inOrder := func(sections []section) []section {
		if format == inMarkdown || format == inCSV {
			return lastLast(sections)
		}
		return sections
	}
	all := make([]section, len(r.sections)) // those that the format does not show have no blocks
	for i, s := range r.sections {
		all[i] = s
		if all[i].Blocks = nil; s.Only.has(format) {
			all[i].Blocks = labelled(blocksIn(s.Blocks, format), s.Heading)
		}
	}
	notes := &footnotes{}
	for _, s := range inOrder(all) {
		notes.collect(s.Blocks)
	}
	var shown []section
	within := false // something is shown that is part of the section looked at
	for _, s := range slices.Backward(all) {
		for i, b := range s.Blocks {
			if l, ok := b.(noteList); ok {
				l.Numbered, l.General = notes.texts, r.notes
				s.Blocks[i] = l
			}
		}
		filled := s.filled()
		if s.Only.has(format) && (filled || !s.Sub && within) {
			shown = append(shown, s)
		}
		within = s.Sub && (within || filled)
	}
	slices.Reverse(shown)
	return inOrder(shown), notes
}

// labelled gives tables without a label of their own that of their section.
func labelled(blocks []block, label string) []block {
	for i, b := range blocks {
		if t, ok := b.(table); ok && t.Label == "" {
			t.Label = label
			blocks[i] = t
		}
	}
	return blocks
}

// filled says that a section shows something: what it is there for, or nothing but running text.
func (s section) filled() bool {
	prose := 0
	for _, b := range s.Blocks {
		if b.filled() {
			return true
		}
		if _, ok := b.(para); ok {
			prose++
		}
	}
	return prose > 0 && prose == len(s.Blocks)
}

// lastLast are sections with those behind the others that are marked so.
func lastLast(sections []section) []section {
	var first, last []section
	for _, s := range sections {
		if s.Last {
			last = append(last, s)
		} else {
			first = append(first, s)
		}
	}
	return append(first, last...)
}

// blocksIn are the blocks that a format shows, with what it shows of them.
func blocksIn(blocks []block, format formats) []block {
	var out []block
	for _, b := range blocks {
		if !b.shownIn(format) {
			continue
		}
		switch of := b.(type) {
		case table:
			b = of.in(format)
		case part:
			of.Blocks = blocksIn(of.Blocks, format)
			b = of
		case folded:
			of.Blocks = blocksIn(of.Blocks, format)
			b = of
		case opened:
			of.Blocks = blocksIn(of.Blocks, format)
			b = of
		case list:
			var items []item
			for _, i := range of.Items {
				if i.Only.has(format) {
					items = append(items, i)
				}
			}
			of.Items = items
			b = of
		}
		out = append(out, b)
	}
	return out
}

// in is the table as a format shows it: the columns that it has there, with a cell for each in every row.
func (t table) in(format formats) table {
	out := t
	out.Columns, out.Rows = nil, make([][]cell, len(t.Rows))
	for i, c := range t.Columns {
		if !c.Only.has(format) {
			continue
		}
		out.Columns = append(out.Columns, c)
		for r, row := range t.Rows {
			var of cell
			if i < len(row) {
				of = row[i]
			}
			if t.Silent&format != 0 {
				of.Note = ""
			}
			out.Rows[r] = append(out.Rows[r], of)
		}
	}
	return out
}
