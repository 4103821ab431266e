package reports

import (
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// storySection tells what an engineer would have known of every fault, and when, level by level, with a real log record and trace.
// A run of one fault is told moment by moment. With more, text and Markdown, which folds it, have a line per level; the page has every
// moment among what it tells of a fault.
func storySection(a *verdict.Analysis) []section {
	if a.Catch == nil || len(a.Catch.Stories) == 0 {
		return nil
	}
	inFull := len(a.Catch.Stories) == 1
	const heading = "What an engineer would have known, and when"
	blocks := []block{lead{Text: say("times are since the injection; in brackets, as the alert rules count them" + lapseWords(a.Run.Lapse))}}
	var records []map[string]any
	for _, s := range a.Catch.Stories {
		of := []block{list{Items: momentItems(s, s.Users)}}
		if inFull {
			for _, l := range s.Levels {
				of = append(of, levelStory(s, l))
			}
		} else {
			of = append(of, storyTable(s))
		}
		blocks = append(blocks, part{Name: s.Name(), Title: s.Fault.Title, Blocks: append(of, recordBlocks(s)...)})
		records = append(records, storyRecords(s)...)
	}
	return []section{
		{ID: "story", Heading: heading, Only: inText | inMarkdown, Fold: !inFull, Blocks: blocks},
		{ID: "story", Heading: heading, Only: inCSV, Last: true, Blocks: []block{recordsOf(records)}},
	}
}

func lapseWords(lapse float64) string {
	if !known(lapse) || lapse <= 0 {
		return ""
	}
	return fmt.Sprintf(", whose durations were divided by %s", fixed(lapse, digits(lapse, 2)))
}

// levelStory is what happened at a level: a list under its name, with what was known in one line first.
func levelStory(s catch.Story, l catch.LevelStory) list {
	items := []item{{Text: l.Level + ": " + knew(l)}}
	for _, i := range momentItems(s, l.Moments) {
		i.Sign, i.Indent = "·", 2
		items = append(items, i)
	}
	return list{Only: inText | inMarkdown, Items: items}
}

// knew says in one line when somebody was told, and when the cause was there to be read.
func knew(l catch.LevelStory) string {
	told, cause := "nobody is told", "nothing names the cause"
	if m, yes := l.First(catch.Fired); yes {
		told = fmt.Sprintf("%s tells after %s", m.Alert, elapsed(m.At))
	}
	if m, yes := l.First(catch.Named); yes {
		cause = "the cause is written after " + elapsed(m.At)
		if m.Whole {
			cause = "a query at the end of the fault names the cause"
		}
	}
	return told + "; " + cause
}

// storyTable is a story in a line per level.
func storyTable(s catch.Story) table {
	const none = "–"
	out := table{Columns: heads(false, "level", "told after", "by", "cause written after")}
	for _, l := range s.Levels {
		row := texts(l.Level, none, none, none)
		if m, yes := l.First(catch.Fired); yes {
			row[1].Text, row[2].Text = elapsed(m.At), m.Alert
		}
		if m, yes := l.First(catch.Named); yes {
			if row[3].Text = elapsed(m.At); m.Whole {
				row[3].Gloss = []string{"by a query at the end"}
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// momentItems are moments, the time before each.
func momentItems(s catch.Story, moments []catch.Moment) []item {
	var out []item
	for _, m := range moments {
		out = append(out, item{Text: momentTime(m) + ": " + momentWords(s, m), Hang: 2})
	}
	return out
}

func momentTime(m catch.Moment) string {
	at := elapsed(m.At)
	if at != unknown {
		at = "+" + at
	}
	if m.Rules > 0 {
		at += " (" + elapsed(m.Rules) + ")"
	}
	return at
}

// momentWords says what happened.
func momentWords(s catch.Story, m catch.Moment) string {
	more := func(text string) string {
		if m.Text == "" {
			return text
		}
		return text + ": " + m.Text
	}
	switch m.Kind {
	case catch.Injected:
		return "the fault is injected"
	case catch.Affected:
		return more("the injector sees the effect")
	case catch.Noticed:
		return feltWords(m)
	case catch.Waiting:
		return m.Alert + " is pending"
	case catch.Fired:
		return more(m.Alert + " fires")
	case catch.Named:
		if m.Whole {
			return more("a query at the end of the fault names the cause")
		}
		return "the cause is written in " + s.Fault.Evidence
	case catch.Reverting:
		return "the fault is ended"
	case catch.Over:
		return more("the injector sees its end")
	case catch.Cleared:
		return "its alerts have ceased to fire"
	default:
		return more(string(m.Kind))
	}
}

func feltWords(m catch.Moment) string {
	if m.Felt == nil {
		return "users feel it"
	}
	text := "users feel it: " + everyChange([]catch.Change{*m.Felt})
	if m.Whole {
		text += ", over the whole fault"
	}
	return text
}

// storyRecords are the moments for the CSV.
func storyRecords(s catch.Story) []map[string]any {
	var out []map[string]any
	add := func(level string, moments []catch.Moment) {
		for _, m := range moments {
			record := map[string]any{"fault": s.Fault.ID, "pass": s.Pass + 1, "level": level, "moment": string(m.Kind),
				"since_injection_seconds": m.At, "alert": m.Alert, "says": strings.TrimSpace(momentWords(s, m))}
			if m.Rules > 0 {
				record["rules_seconds"] = m.Rules
			}
			out = append(out, record)
		}
	}
	add(allLevels, s.Users)
	for _, l := range s.Levels {
		add(l.Level, l.Moments)
	}
	return out
}
