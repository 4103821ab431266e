package reports

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/secret"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// methodSections say how to make the run again, how and on what it was made, what has to be said of its figures, and what was run.
func methodSections(a *verdict.Analysis) []section {
	r := a.Run
	return []section{
		{ID: "again", Heading: "Do it again", Only: inHTML, Blocks: againBlocks(r)},
		{ID: "method", Heading: "Method and machine", Only: inHTML, Sub: true, Blocks: []block{
			para{Text: say("All arms are up at once and take load one at a time, in short slots whose order is shuffled anew every round, so that drift " +
				"and noise hit all of them alike. Every change is estimated from the differences within rounds.")},
			facts{List: methodFacts(r, a.Load)},
		}},
		{ID: "run", Heading: "Run, machine and notes", Only: inMarkdown, Last: true, Blocks: []block{
			list{Items: append([]item{
				{Text: fmt.Sprintf("run %s, %s; profile %s, environment %s, seed %d", r.ID, stamp(r.Started), r.Profile, r.Environment, r.Seed)},
				{Text: measured(r, a.Load)}, {Text: machineLine(r.Machine)}, {Text: "tollgate " + r.Tool.Version + ", " + r.Tool.Go},
			}, bullets("", startUps(r))...)},
			noteList{},
			list{Items: bullets("warning: ", append(slices.Clone(r.Warnings), ruleNotes(r, everyRule)...))},
		}},
		{ID: "start-up", Heading: "Start-up", Only: inText, Sub: true, Blocks: []block{list{Items: bullets("", startUps(r))}}},
		{ID: "notes", Heading: "Notes", Only: inText, Sub: true, Blocks: []block{noteList{}}},
		{ID: "warnings", Heading: "Warnings", Only: inText | inHTML, Sub: true, Blocks: []block{
			list{Items: bullets("", r.Warnings)},
			list{Only: inText, Items: bullets("", ruleNotes(r, FewRules))},
			list{Only: inHTML, Items: bullets("", ruleNotes(r, everyRule))},
		}},
		{ID: "notes", Heading: "Notes", Only: inHTML, Sub: true, Blocks: []block{noteList{}}},
		{ID: "levels", Heading: "Levels", Only: inHTML, Sub: true, Blocks: []block{levelsTable(r.Levels)}},
		{ID: "alerts", Heading: "Alert rules", Only: inHTML, Sub: true, Blocks: []block{alertsTable(r.Alerts)}},
	}
}

// againBlocks are the commands that make a run again, and the experiment that they need.
func againBlocks(r result.Run) []block {
	if r.Experiment == "" {
		return nil
	}
	command := "run"
	if r.Sweep != nil {
		command = "sweep"
	}
	blocks := []block{
		para{Text: say("Save the experiment below as experiment.yaml. It is the one that ran, with every setting and the seed, which is ").
			code(strconv.FormatInt(r.Seed, 10)).say(".")},
		verbatim{"The experiment as run", r.Experiment},
		para{Text: say("Run it with tollgate ").strong(r.Tool.Version).say(": ").code("tollgate " + command + " experiment.yaml")},
		para{Text: say("Render this run again from its directory: ").code("tollgate report " + r.ID).say(". Set two runs side by side: ").
			code("tollgate compare " + r.ID + " OTHER").say(".")},
	}
	if slices.ContainsFunc(r.Levels, hidesValues) {
		blocks = append(blocks, para{Text: say("Values that stand as ").code(secret.Hidden).say(" are not in the run directory: put them back.")})
	}
	return blocks
}

// hidesValues says that a level has a variable whose value, or a part of it, is not kept.
func hidesValues(l result.Level) bool {
	for _, value := range l.Env {
		if strings.Contains(value, secret.Hidden) {
			return true
		}
	}
	return false
}

// How many rules a note names: on a terminal, and elsewhere.
const (
	FewRules  = 2
	everyRule = math.MaxInt
)

// ruleNotes are the notes on alert rules, a line for each kind, with so many rules behind it.
func ruleNotes(r result.Run, most int) []string {
	var out []string
	for _, n := range r.RuleNotes {
		out = append(out, "time-lapse: "+n.First(most))
	}
	return out
}

// bullets are items of one text each.
func bullets(before string, lines []string) []item {
	var out []item
	for _, line := range lines {
		out = append(out, item{Sign: "-", Text: before + line})
	}
	return out
}

func methodFacts(r result.Run, load verdict.Load) []fact {
	length := func(d time.Duration) string { return amount(d.Seconds(), verdict.Seconds) }
	when := stamp(r.Started)
	if ended := stamp(r.Ended); ended != "" {
		when += " to " + ended
	}
	plan := measured(r, load)
	if r.Plan.Launches > 0 {
		plan += "; wash-out " + length(r.Plan.Washout)
	}
	out := []fact{
		{"Status", r.Status}, {"Measured", when},
		{"Plan", plan + "; client timeout " + length(r.Plan.ClientTimeout)},
		{"Machine", machineLine(r.Machine)},
	}
	for _, s := range r.StartUp {
		if len(s.Parts) > 0 {
			continue
		}
		text := fmt.Sprintf("%d processes ready after %s", s.Processes, length(s.Total))
		if s.Slowest != "" {
			text += ", " + s.Slowest + " last"
		}
		out = append(out, fact{fmt.Sprintf("Launch %d", s.Launch+1), text})
	}
	for _, text := range startUps(r) {
		out = append(out, fact{"Start-up", text})
	}
	if r.Lapse != 0 {
		out = append(out, fact{"Time-lapse", "rule durations divided by " + fixed(r.Lapse, digits(r.Lapse, 2))})
	}
	tool := []string{"tollgate " + r.Tool.Version, r.Tool.Go}
	var modules []string
	for module, version := range r.Tool.Modules {
		modules = append(modules, module+" "+version)
	}
	slices.Sort(modules)
	return append(out, fact{"Tool", strings.Join(append(tool, modules...), ", ")})
}

func levelsTable(levels []result.Level) table {
	out := table{Label: "Levels", Caption: "Environment variables of each level", Columns: heads(false, "Level", "Meaning", "Variable", "Value")}
	for _, l := range levels {
		names := slices.Sorted(maps.Keys(l.Env))
		if len(names) == 0 {
			names = []string{""}
		}
		for i, name := range names {
			row := []cell{{Level: l.Name}, {}, {Text: name, Code: true}, {Text: l.Env[name], Code: true}}
			if i == 0 {
				row[0].Text, row[1].Text = l.Name, l.Title
			}
			out.Rows = append(out.Rows, row)
		}
	}
	return out
}

func alertsTable(alerts []result.Alert) table {
	out := table{Label: "Alert rules", Caption: "As written and as run",
		Columns: heads(false, "Alert", "Needs", "Expression, as written", "For", "For, as run", "Least time to detect")}
	for i, r := range alerts {
		out.Rows = append(out.Rows, []cell{{Text: result.Rules(alerts).ID(i)}, {Text: r.Needs}, {Text: r.Expr, Code: true}, {Text: elapsed(r.For)}, {Text: elapsed(r.RunFor)},
			{Text: elapsed(r.LeastDetect)}})
	}
	return out
}
