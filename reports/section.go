package reports

import "html/template"

// A report is data before a format shows it: sections of blocks. The text, Markdown, HTML and CSV formats render any section;
// what a section shows in one of them alone is marked so in the section, and no format knows any section by its name.

// formats is a set of the formats that are made of sections; the zero value is all of them.
type formats uint8

const (
	inText formats = 1 << iota
	inMarkdown
	inHTML
	inCSV
)

// has says that a format is in the set.
func (f formats) has(format formats) bool { return f == 0 || f&format != 0 }

// section is a part of a report under a heading. A format leaves it out when nothing in it holds anything: see report.in.
type section struct {
	ID      string // anchor on the page, and its name in the CSV
	Heading string // with a capital: the page's; the text report writes it small, with the lead behind it
	Only    formats
	Bare    formats // has no heading there, since it goes on from the section before
	Sub     bool    // is part of the section before: the page gives it a smaller heading
	Fold    bool    // Markdown folds it
	Short   bool    // is short enough for the report that is one screen
	Verdict bool    // belongs to the verdict, which the command gate prints alone
	First   bool    // is what the page shows first, beside the verdict and before its contents
	Last    bool    // is what few read: Markdown folds it, and the CSV too puts it behind the sections that are not so
	Blocks  []block
}

// block is a piece of a section: lead, para, table, list, facts, picture, part, verbatim or noteList; and for the page matrix, folded
// and opened.
type block interface {
	shownIn(format formats) bool
	filled() bool // holds what a section is there for
	Kind() string // names its template of the page
}

// lead says in one sentence what a section shows, without capital and stop: the text report puts it behind the heading.
type lead struct {
	Only formats
	Text words
}

// para is running text.
type para struct {
	Only  formats
	Text  words
	More  []words // further lines of it, where a format has lines; the page and Markdown go on
	Class string  // of the page's style sheet
}

// table is rows under a head. Its CSV has a line per row.
type table struct {
	Only    formats
	Columns []column
	Rows    [][]cell // a row that is too short is filled with empty cells
	Label   string   // for those who hear the page; "": the heading of the section
	Caption string   // on the page
	Class   string   // of the page's style sheet
	Narrow  bool     // the text report rather folds its cells than lets it go on below
	Silent  formats  // its cells refer to no footnote there, since another block does
}

// column is a column of a table.
type column struct {
	Head  cell
	Key   string // its name in the CSV; "": made from the head
	Only  formats
	Right bool // its cells are numbers: Markdown puts them to the right
}

// cell is what stands in a row and column.
type cell struct {
	Sign   string   // before the text, so that its meaning needs no colour
	Text   string   //
	Note   string   // footnote
	Role   string   // what the thing that Text names is for: below it, or in brackets
	Gloss  []string // lines below it, or behind it
	Remedy string   // what to do about it
	Strong bool
	Code   bool
	Level  string        // that the row is of, in the head of a table its column: the page can leave it out
	Link   string        // anchor on the page
	Class  string        // of the page's style sheet
	SVG    template.HTML // a drawing of what other cells of the row say in words; for the page alone
	Raw    any           // what the CSV has in place of Text: float64, bool, int, time.Duration or string
}

// list is items below each other.
type list struct {
	Only  formats
	Items []item
}

// item is one of a list.
type item struct {
	Only   formats
	Sign   string // before it: ✓, or - where it has none of its own; "": it stands by itself, and Markdown has a bullet
	Text   string
	Note   string // footnote
	Indent int    // by how much more than others the text report indents it
	Hang   int    // likewise its further lines
}

// facts are names with what they stand for.
type facts struct {
	Only formats
	List []fact
}

type fact struct{ Name, Text string }

// picture is for the page alone.
type picture struct{ SVG template.HTML }

// part is a named piece of a section, which the page's contents lists.
type part struct {
	Only   formats
	ID     string // anchor on the page
	Name   string
	Title  string
	Blocks []block
}

// verbatim is a text as it stands, folded; for the page alone.
type verbatim struct{ Summary, Text string }

// noteList is where the footnotes stand. See report.in for what it holds.
type noteList struct {
	Only     formats
	Numbered []string // what a format refers to, from [1]
	General  []string // of the report as a whole
}

func (b lead) shownIn(f formats) bool     { return b.Only.has(f) }
func (b para) shownIn(f formats) bool     { return b.Only.has(f) }
func (b table) shownIn(f formats) bool    { return b.Only.has(f) }
func (b list) shownIn(f formats) bool     { return b.Only.has(f) }
func (b facts) shownIn(f formats) bool    { return b.Only.has(f) }
func (b picture) shownIn(f formats) bool  { return f == inHTML }
func (b part) shownIn(f formats) bool     { return b.Only.has(f) }
func (b verbatim) shownIn(f formats) bool { return f == inHTML }
func (b noteList) shownIn(f formats) bool { return b.Only.has(f) }

func (b lead) filled() bool     { return false }
func (b para) filled() bool     { return false }
func (b table) filled() bool    { return len(b.Rows) > 0 }
func (b list) filled() bool     { return len(b.Items) > 0 }
func (b facts) filled() bool    { return len(b.List) > 0 }
func (b picture) filled() bool  { return b.SVG != "" }
func (b part) filled() bool     { return true }
func (b verbatim) filled() bool { return b.Text != "" }
func (b noteList) filled() bool { return len(b.Numbered)+len(b.General) > 0 }

func (lead) Kind() string     { return "lead" }
func (para) Kind() string     { return "para" }
func (table) Kind() string    { return "table" }
func (list) Kind() string     { return "list" }
func (facts) Kind() string    { return "facts" }
func (picture) Kind() string  { return "picture" }
func (part) Kind() string     { return "part" }
func (verbatim) Kind() string { return "verbatim" }
func (noteList) Kind() string { return "notes" }

// heads are columns that all formats show, by the text of their heads; right says that all but the first hold numbers.
func heads(right bool, texts ...string) []column {
	var out []column
	for i, text := range texts {
		out = append(out, column{Head: cell{Text: text}, Right: right && i > 0})
	}
	return out
}

// texts are cells of nothing but text.
func texts(of ...string) []cell {
	var out []cell
	for _, text := range of {
		out = append(out, cell{Text: text})
	}
	return out
}
