package reports

import (
	"fmt"
	"html"
	"regexp"
	"strings"
)

// renderMarkdown writes the report as GitHub-flavoured Markdown, short enough to be read in a pull request: what few read is
// folded.
func renderMarkdown(r *report) ([]byte, error) {
	sections, notes := r.in(inMarkdown)
	m := &markdownText{notes: notes}
	fmt.Fprintf(m, "## %s tollgate: %s\n\n", r.ruling.Sign, markdown(r.ruling.Name))
	fmt.Fprintf(m, "%s\n\n", markdown(strings.Join(r.headline, " ")))
	fmt.Fprintf(m, "**%s**\n\n", markdown(r.ruling.Meaning))
	for _, reason := range r.reasons {
		m.WriteString("- " + markdown(reason) + "\n")
	}
	if r.unfinished != "" {
		m.WriteString("- " + markdown(r.unfinished) + "\n")
	}
	for _, s := range sections {
		m.section(s)
	}
	return []byte(m.String()), nil
}

// markdownText is a report in Markdown as it is written.
type markdownText struct {
	strings.Builder
	notes *footnotes
}

func (m *markdownText) section(s section) {
	switch {
	case s.Fold || s.Last:
		m.WriteString("\n<details><summary>" + markdown(s.Heading) + "</summary>\n\n")
		m.blocks(s.Blocks)
		m.WriteString("\n</details>\n")
	case s.Heading != "" && s.Bare&inMarkdown == 0:
		m.WriteString("\n### " + markdown(s.Heading) + "\n\n")
		m.blocks(s.Blocks)
	default:
		m.WriteString("\n")
		m.blocks(s.Blocks)
	}
}

// blocks writes blocks with a blank line between them; lists that follow each other are one.
func (m *markdownText) blocks(blocks []block) {
	before := ""
	for _, b := range blocks {
		text := m.block(b)
		if text == "" {
			continue
		}
		items := strings.HasPrefix(text, "- ")
		if before != "" && !(items && before == "items") {
			m.WriteByte('\n')
		}
		if before = "other"; items {
			before = "items"
		}
		m.WriteString(text)
	}
}

func (m *markdownText) block(b block) string {
	switch b := b.(type) {
	case lead:
		return m.words(b.Text.Sentence()) + "\n"
	case para:
		return m.words(b.Text.with(b.More...)) + "\n"
	case table:
		return m.table(b)
	case list:
		var lines strings.Builder
		for _, i := range b.Items {
			text := markdown(i.Text) + m.mark(i.Note)
			if i.Sign != "" && i.Sign != "-" {
				text = i.Sign + " " + text
			}
			lines.WriteString("- " + text + "\n")
		}
		return lines.String()
	case facts:
		var lines strings.Builder
		for _, f := range b.List {
			lines.WriteString("- " + markdown(f.Name+": "+f.Text) + "\n")
		}
		return lines.String()
	case part:
		within := &markdownText{notes: m.notes}
		within.blocks(b.Blocks)
		return "**" + markdown(b.Name) + "**: " + markdown(b.Title) + "\n\n" + within.String()
	case noteList:
		var lines strings.Builder
		for i, note := range b.Numbered {
			fmt.Fprintf(&lines, "[^%d]: %s\n", i+1, markdown(note))
		}
		if len(b.Numbered) > 0 && len(b.General) > 0 {
			lines.WriteByte('\n')
		}
		for _, note := range b.General {
			lines.WriteString("- note: " + markdown(note) + "\n")
		}
		return lines.String()
	default:
		return ""
	}
}

func (m *markdownText) words(w words) string {
	var b strings.Builder
	for _, part := range w {
		switch {
		case part.Code && !strings.ContainsAny(part.Text, "`|"):
			b.WriteString("`" + part.Text + "`")
		case part.Strong:
			b.WriteString("**" + markdown(part.Text) + "**")
		default:
			b.WriteString(markdown(part.Text))
		}
	}
	return b.String()
}

func (m *markdownText) table(of table) string {
	if len(of.Rows) == 0 {
		return ""
	}
	var head, align []string
	for _, c := range of.Columns {
		head, align = append(head, m.cell(c.Head)), append(align, map[bool]string{true: "---:", false: "---"}[c.Right])
	}
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	line(align)
	for _, row := range of.Rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, m.cell(c))
		}
		line(cells)
	}
	return b.String()
}

// cell is a cell in one line.
func (m *markdownText) cell(c cell) string {
	text := strings.TrimSpace(c.Sign + " " + c.Text)
	if c.Role != "" {
		text += " (" + c.Role + ")"
	}
	if text = strings.Join(append([]string{text}, c.Gloss...), " "); c.Remedy != "" {
		text += "; remedy: " + c.Remedy
	}
	return markdown(text) + m.mark(c.Note)
}

// mark is the reference to a footnote, which GitHub links to the note; "" for none.
func (m *markdownText) mark(note string) string {
	if n := m.notes.number(note); n > 0 {
		return fmt.Sprintf("[^%d]", n)
	}
	return ""
}

var (
	markdownSpecial = regexp.MustCompile("[\\\\`*_{}\\[\\]#|~!]")
	// What GitHub links by itself, and whom it would notify.
	markdownMention = regexp.MustCompile(`@|://|www\.`)
)

// markdown escapes text so that it is shown as it stands: no markup, no HTML, no end of a table cell, nobody notified.
func markdown(s string) string {
	s = html.EscapeString(markdownSpecial.ReplaceAllString(s, `\$0`))
	s = strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(s)
	return markdownMention.ReplaceAllStringFunc(s, func(m string) string { return m[:1] + "\u200b" + m[1:] })
}
