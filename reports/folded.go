package reports

import "slices"

// folded is blocks that the page shows under a summary when a reader asks for them, or from the start. For the page alone.
type folded struct {
	ID      string // anchor of what is inside: a link to it opens the fold; "" for none
	Summary words
	Open    bool
	Blocks  []block
}

func (b folded) shownIn(f formats) bool { return f == inHTML }
func (b folded) filled() bool           { return slices.ContainsFunc(b.Blocks, block.filled) }
func (folded) Kind() string             { return "folded" }
