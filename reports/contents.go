package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// How many pieces of a level a format shows; the JSON and the CSV have all.
const (
	mostPieces = 8 // in text and Markdown
	mostOnPage = 12
	mostSaid   = 3 // in a sentence
)

// contentsSection is what the telemetry of every level is made of: the span names, log events and metrics that cost most, as the
// difference to the level below.
func contentsSection(a *verdict.Analysis) []section {
	if len(a.Contents) == 0 {
		return nil
	}
	title := "the span names, log events and metrics that add most bytes to the level below, per 1,000 requests"
	short, page := contentsTable(a.Contents, mostPieces), contentsTable(a.Contents, mostOnPage)
	short.Only, page.Only = inText|inMarkdown, inHTML
	seriesBelow(page)
	said := list{}
	var records []map[string]any
	for _, c := range a.Contents {
		if c.Below != "" {
			said.Items = append(said.Items, item{Sign: "-", Text: contentsSentence(c)})
		}
		records = append(records, contentsRecords(c)...)
	}
	blocks := []block{lead{Text: say(title)}, said, short, page}
	for _, note := range contentsNotes(a.Contents) {
		blocks = append(blocks, para{Text: say(note), Class: "muted", Only: inText | inMarkdown | inHTML})
	}
	return []section{{ID: "contents", Heading: "What the telemetry is made of", Sub: true, Fold: true, Blocks: append(blocks, recordsOf(records))}}
}

// contentsSentence is by how much more a level sends than the one below, and what that is: "full over traces-10: +1.2 MB per 1,000
// requests; the largest parts are span decide (decision) +0.4 MB, …".
func contentsSentence(c verdict.Contents) string {
	text := fmt.Sprintf("%s over %s: %s per 1,000 requests", c.Arm.Name, c.Below, onTop(c.Over, verdict.Bytes))
	var parts []string
	for _, p := range c.Pieces {
		if p.Over > 0 && p.Of.Rest != result.RestOthers && p.Of.Rest != verdict.Unread && len(parts) < mostSaid {
			parts = append(parts, pieceName(p)+" "+onTop(p.Over, verdict.Bytes))
		}
	}
	if c.Over > 0 && len(parts) > 0 {
		text += "; the largest parts are " + strings.Join(parts, ", ")
	}
	return text
}

// pieceName names a piece: span GET /v1/profile (profile).
func pieceName(p verdict.Piece) string {
	name := strings.TrimSpace(pieceKind(p.Of) + " " + p.Of.Name)
	if p.Of.Service != "" {
		name += " (" + p.Of.Service + ")"
	}
	return name
}

// pieceKind is what a piece is one of.
func pieceKind(p result.VolumePart) string {
	kinds := map[string]string{result.InSpans: "span", result.InLogs: "log", result.InMetrics: "metric"}
	switch p.Rest {
	case verdict.Unread:
		return "not taken apart"
	case result.RestBatches:
		return "resource of " + kinds[p.Signal] + " batches"
	case result.RestOthers:
		return "other " + kinds[p.Signal] + " names"
	}
	return kinds[p.Signal]
}

// onTop is a difference with its sign.
func onTop(x float64, unit verdict.Unit) string {
	if !known(x) {
		return ""
	}
	s := scaleOf(x, unit)
	return signed(x/s.size, digits(x/s.size, 3)) + s.suffix
}

// contentsTable has the whole of every level, its first pieces and what is left.
func contentsTable(all []verdict.Contents, most int) table {
	out := table{Columns: heads(false, "level", "what"), Label: "What the telemetry is made of", Class: "numbers contents",
		Caption: "Bytes on the wire per 1,000 requests. Shares are of the level's whole"}
	out.Columns = append(out.Columns, column{Head: cell{Text: "series"}, Only: inMarkdown})
	for _, c := range []column{{Head: cell{Text: "items /1k"}, Only: inMarkdown | inHTML}, {Head: cell{Text: "bytes /1k"}}, {Head: cell{Text: "share"}}, {Head: cell{Text: "over below"}}} {
		c.Right = true
		out.Columns = append(out.Columns, c)
	}
	if money := all[0].Currency; money != "" {
		out.Columns = append(out.Columns, column{Head: cell{Text: string(money) + " /1M"}, Right: true})
	}
	for _, c := range all {
		out.Rows = append(out.Rows, []cell{{Text: c.Arm.Name, Role: armNote(c.Arm)}, {Text: "all", Strong: true}, {}, {},
			{Text: amount(c.Bytes, verdict.Bytes), Strong: true}, {}, {Text: onTop(c.Over, verdict.Bytes)}})
		pieces, left := firstPieces(c, most)
		for _, p := range pieces {
			out.Rows = append(out.Rows, pieceRow(pieceName(p), p, c.Currency))
		}
		if left.Bytes != 0 || left.Over > 0 || left.Over < 0 {
			row := pieceRow("everything else", left, c.Currency)
			row[3] = cell{}
			out.Rows = append(out.Rows, row)
		}
	}
	return out
}

// seriesBelow puts the series of every row below its name: the page has no room for them beside it.
func seriesBelow(t table) {
	for _, row := range t.Rows {
		if series := row[2].Text; series != "" {
			row[1].Gloss = []string{"series: " + series}
		}
	}
}

func pieceRow(name string, p verdict.Piece, money verdict.Unit) []cell {
	row := []cell{{}, {Text: name}, {Text: seriesWords(p.Of)}, {Text: amount(p.Count, verdict.Count)},
		{Text: bytesOf(p)}, {Text: shareOf(p.Share)}, {Text: onTop(p.Over, verdict.Bytes)}}
	if money != "" {
		row = append(row, cell{Text: figure(p.Amount)})
	}
	return row
}

// firstPieces are the first ones that have a name and hold anything, and the sum of the others.
func firstPieces(c verdict.Contents, most int) (first []verdict.Piece, left verdict.Piece) {
	left.Share = math.NaN()
	for _, p := range c.Pieces {
		nameless := p.Of.Rest == result.RestOthers || p.Of.Rest == verdict.Unread
		if len(first) < most && !nameless && p.Bytes > 0 {
			first = append(first, p)
			continue
		}
		left.Bytes, left.Over, left.Amount = left.Bytes+p.Bytes, left.Over+p.Over, left.Amount+p.Amount
	}
	if c.Bytes > 0 {
		left.Share = left.Bytes / c.Bytes
	}
	return first, left
}

// bytesOf is the size of a piece. What is not taken apart may come out below 0, which is nothing.
func bytesOf(p verdict.Piece) string {
	if p.Bytes < 0 {
		return nothing
	}
	return amount(p.Bytes, verdict.Bytes)
}

// seriesWords says how many series a metric makes, and which attribute has the most values.
func seriesWords(p result.VolumePart) string {
	switch {
	case p.Series == 0:
		return ""
	case p.Values > 1:
		return fmt.Sprintf("%s; %s has %s values", fixed(float64(p.Series), 0), p.Label, fixed(float64(p.Values), 0))
	}
	return fixed(float64(p.Series), 0)
}

// contentsNotes are what a reader must know of the numbers.
func contentsNotes(all []verdict.Contents) []string {
	var compressed, cut []string
	for _, c := range all {
		if c.Compressed {
			compressed = append(compressed, c.Arm.Name)
		}
		if c.SeriesCut {
			cut = append(cut, c.Arm.Name)
		}
	}
	var out []string
	if len(compressed) > 0 {
		out = append(out, "Exports came compressed ("+strings.Join(compressed, ", ")+"): the bytes on the wire are divided by the sizes before compression.")
	}
	if len(cut) > 0 {
		out = append(out, "There were more series than are told apart ("+strings.Join(cut, ", ")+"): numbers of series and values are the least that there were.")
	}
	return out
}

// contentsRecords are a line per piece in the CSV.
func contentsRecords(c verdict.Contents) []map[string]any {
	var out []map[string]any
	for _, p := range c.Pieces {
		out = append(out, ofArm(map[string]any{"metric": "contents", "unit": string(verdict.Bytes), "per": string(verdict.PerThousand), "value": p.Bytes,
			"item": p.Of.Name, "of": pieceKind(p.Of), "service": p.Of.Service, "quantity": p.Count, "over_level_before": p.Over, "share": p.Share,
			"series": float64(p.Of.Series), "label": p.Of.Label, "values": float64(p.Of.Values), "money": p.Amount}, c.Arm))
	}
	return out
}
