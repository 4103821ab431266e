package reports

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

//go:embed html.tmpl
var htmlTemplate string

//go:embed html.css
var htmlStyle string

// page is what the template shows.
type page struct {
	*verdict.Analysis
	Style          template.CSS
	Meaning        string
	Measured       string
	Machine        string
	Unfinished     string
	Confidence     string
	BaselineArm    result.Arm
	Panels         []panel
	Latencies      template.HTML
	Toll           []tollRow
	AtRest         string
	Bills          [][]string // a table, its head first; nil without prices
	BillsTitle     string
	Faults         []faultView
	States         []catch.State
	Env            []envRow
	Modules        []string
	CapacityLead   string
	CapacityRows   [][]string
	CapacityChange template.HTML
	StartUps       []string // of containers
	LooksText      string
	Footnotes      []string
}

// tollRow is one metric of the table of all numbers.
type tollRow struct {
	Metric     verdict.Metric
	Baseline   string
	Cells      []tollView // by Analysis.Toll
	Detectable string
}

// tollView is one cell of it.
type tollView struct {
	Class    string
	Change   string // the estimate, or ~
	Interval string // "" where Change says it all
	Value    string // the arm's own
	Note     int    // 0: none
}

// faultView is a fault with its picture and one view per level.
type faultView struct {
	catch.Row
	Anchor string
	SVG    template.HTML
	Cells  []cellView
}

// cellView is a cell of the matrix.
type cellView struct {
	catch.Cell
	Level       string
	Line, Named string // what the matrix says, and by which alert
	Note        int
}

// envRow is a variable of a level.
type envRow struct{ Level, Title, Name, Value string }

// renderHTML writes the page: self-contained, without script, and with a policy that would stop any.
func renderHTML(a *verdict.Analysis) ([]byte, error) {
	t, err := template.New("report").Funcs(template.FuncMap{
		"lines":  func(cell string) []string { return strings.Split(cell, "\n") },
		"amount": amount, "armNote": armNote,
		"elapsed": elapsed, "factor": func(x float64) string { return fixed(x, digits(x, 2)) }, "join": func(s []string) string { return strings.Join(s, ", ") },
		"length":      func(d time.Duration) string { return amount(d.Seconds(), verdict.Seconds) },
		"controlMark": controlMark, "controlWord": controlWord, "outcomeMark": outcomeMark, "plus": func(a, b int) int { return a + b },
		"stamp": stamp, "stateMark": stateMark, "stateMeaning": stateMeaning,
		"upper": func(o verdict.Outcome) string { return strings.ToUpper(string(o)) },
	}).Parse(htmlTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newPage(a)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func newPage(a *verdict.Analysis) page {
	p := page{
		Analysis: a, Style: template.CSS(htmlStyle), Meaning: meaning(a.Outcome), Measured: measured(a.Run), Machine: machine(a.Run.Machine),
		Unfinished: unfinished(a.Run), Confidence: confidence(a), BaselineArm: baselineArm(a),
		Panels: forests(a), Latencies: latencies(a), Toll: tollRows(a), StartUps: startUps(a.Run), LooksText: looks(a), Footnotes: notesOf(a).texts,
	}
	if a.Capacity != nil {
		p.CapacityLead, p.CapacityRows, p.CapacityChange = capacityLead(a), capacityRows(a, ", "), capacityForest(a)
	}
	p.AtRest = atRest(a)
	if a.Money != nil {
		p.Bills, p.BillsTitle = moneyTable(a.Money, "\n"), moneyTitle(a.Money)
	}
	if a.Catch != nil {
		p.States = statesOf(a.Catch)
		for i, f := range a.Catch.Faults {
			p.Faults = append(p.Faults, viewFault(a, f, i))
		}
	}
	for _, l := range a.Run.Levels {
		var names []string
		for name := range l.Env {
			names = append(names, name)
		}
		slices.Sort(names)
		if len(names) == 0 {
			p.Env = append(p.Env, envRow{l.Name, l.Title, "", ""})
		}
		for i, name := range names {
			row := envRow{"", "", name, l.Env[name]}
			if i == 0 {
				row.Level, row.Title = l.Name, l.Title
			}
			p.Env = append(p.Env, row)
		}
	}
	for module, version := range a.Run.Tool.Modules {
		p.Modules = append(p.Modules, module+" "+version)
	}
	slices.Sort(p.Modules)
	return p
}

func tollRows(a *verdict.Analysis) []tollRow {
	var out []tollRow
	for _, m := range metricsOf(a) {
		row := tollRow{Metric: m, Baseline: amount(baselineOf(a, m), m.Unit), Detectable: detectable(worstDetectable(a, m))}
		for _, t := range a.Toll {
			e := effectOf(t, m)
			v := tollView{Class: "same", Value: amount(e.Value, m.Unit)}
			estimate, interval, both := strings.Cut(tollCell(t, m), " [")
			if v.Change = estimate; both {
				v.Interval = "[" + interval
			}
			switch {
			case t.Arm.Role == result.RoleRepeat:
				v.Class = "floor"
			case e.Significant && (e.Diff.Mid > 0) != m.MoreIsBetter: // costs more
				v.Class = "more"
			case e.Significant:
				v.Class = "less"
			}
			v.Note = notesOf(a).number(e.Note)
			row.Cells = append(row.Cells, v)
		}
		out = append(out, row)
	}
	return out
}

func viewFault(a *verdict.Analysis, f catch.Row, i int) faultView {
	v := faultView{Row: f, Anchor: fmt.Sprintf("fault-%d", i+1)}
	v.SVG = timeline(fmt.Sprintf("timeline-%d", i+1), a.Catch.Levels, f)
	for j, level := range a.Catch.Levels {
		c := cellView{Cell: cellAt(f, j), Level: level}
		c.Line, c.Named = cellWords(c.Cell)
		c.Note = notesOf(a).number(c.Cell.Note)
		v.Cells = append(v.Cells, c)
	}
	return v
}
