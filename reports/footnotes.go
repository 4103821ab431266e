package reports

import (
	"fmt"
	"slices"
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

// collect numbers the footnotes of blocks.
func (f *footnotes) collect(blocks []block) {
	for _, b := range blocks {
		switch b := b.(type) {
		case table:
			for _, row := range b.Rows {
				for _, c := range row {
					f.number(c.Note)
				}
			}
		case list:
			for _, i := range b.Items {
				f.number(i.Note)
			}
		case part:
			f.collect(b.Blocks)
		}
	}
}
