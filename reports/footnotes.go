package reports

import "fmt"

// footnotes are numbered from 1 in the order in which they are first referred to, each once.
type footnotes struct {
	texts   []string
	numbers map[string]int // by text
}

// number is the number of a footnote; 0 for "", which is none.
func (f *footnotes) number(text string) int {
	if text == "" {
		return 0
	}
	if f.numbers == nil {
		f.numbers = map[string]int{}
	}
	if f.numbers[text] == 0 {
		f.texts = append(f.texts, text)
		f.numbers[text] = len(f.texts)
	}
	return f.numbers[text]
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
		case folded:
			f.collect(b.Blocks)
		case opened:
			f.collect(b.Blocks)
		}
	}
}
