package reports

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// matrix is the fault × level matrix of the page. Each cell leads to what is told of it.
type matrix struct {
	Caption string
	Levels  []string
	Roomy   bool // there is room for the names of alerts
	Kinds   []matrixKind
}

// matrixKind are the faults of one kind.
type matrixKind struct {
	Name string // "": the run does not say
	Rows []matrixRow
}

type matrixRow struct {
	Name, Link string
	Cells      []matrixCell
}

type matrixCell struct {
	Link, Class string
	Sign, Text  string
	Marks       string // of the cause and of false alarms, see matrixLegend
	Alert       string
	Says        string // what the text leaves out, in words
}

func (matrix) shownIn(f formats) bool { return f == inHTML }
func (b matrix) filled() bool         { return len(b.Kinds) > 0 }
func (matrix) Kind() string           { return "matrix" }

// roomyLevels is how many levels leave room for the names of alerts in the matrix.
const roomyLevels = 5

// matrixOf puts the passes of a run in a matrix, those of one kind of fault together.
func matrixOf(m *catch.Matrix, at anchors) matrix {
	out := matrix{Caption: "Time from the confirmed effect of the fault to the first expected alert; a cell leads to what happened there",
		Levels: m.Levels, Roomy: len(m.Levels) <= roomyLevels}
	shades := shadesOf(m)
	for n, row := range byKind(m) {
		if kind := m.Faults[row].Fault.Group; n == 0 || out.Kinds[len(out.Kinds)-1].Name != kind {
			out.Kinds = append(out.Kinds, matrixKind{Name: kind})
		}
		last := &out.Kinds[len(out.Kinds)-1]
		last.Rows = append(last.Rows, rowOf(m, at, row, shades))
	}
	return out
}

// byKind are the indices of the passes, those of one kind of fault together, kinds and passes in the order in which they came.
func byKind(m *catch.Matrix) []int {
	var kinds []string
	rows := map[string][]int{}
	for i, f := range m.Faults {
		if kind := f.Fault.Group; !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		rows[f.Fault.Group] = append(rows[f.Fault.Group], i)
	}
	var out []int
	for _, kind := range kinds {
		out = append(out, rows[kind]...)
	}
	return out
}

func rowOf(m *catch.Matrix, at anchors, row int, shades []time.Duration) matrixRow {
	f := m.Faults[row]
	out := matrixRow{Name: f.Name(), Link: at.faults[row]}
	for level, name := range m.Levels {
		c := cellAt(f, level)
		of := matrixCell{Link: at.cells[row][level], Class: strings.TrimSpace("state " + string(c.State)), Sign: stateMark(c.State)}
		of.Text, of.Alert = cellWords(c)
		if c.State != catch.Detected || len(m.Levels) > roomyLevels {
			of.Alert = ""
		}
		if c.State == catch.Detected {
			of.Class += fmt.Sprintf(" shade-%d", shadeOf(c.Detect, shades))
		}
		of.Marks = cellMarks(c, m.Always(name))
		of.Says = cellSays(c)
		out.Cells = append(out.Cells, of)
	}
	return out
}

// cellSays is what a cell says besides when it is pointed at: the alert, and what its marks stand for.
func cellSays(c catch.Cell) string {
	var out []string
	if c.State == catch.Detected {
		out = append(out, c.Alert)
	}
	if c.Diagnosed {
		out = append(out, "diagnosed")
	}
	if len(c.False) > 0 {
		out = append(out, "false alarms: "+strings.Join(c.False, ", "))
	}
	return strings.Join(out, "; ")
}

// cellMarks are the marks of what was found beside the state of a cell: the cause, and false alarms, but for those of alerts that
// stand and are told once.
func cellMarks(c catch.Cell, standing []string) string {
	var marks []string
	if c.Diagnosed {
		marks = append(marks, tellingMark)
	}
	alarms := slices.DeleteFunc(slices.Clone(c.False), func(a string) bool { return slices.Contains(standing, a) })
	if len(alarms) > 0 {
		marks = append(marks, fmt.Sprintf("%s%d", stateMark(catch.Noisy), len(alarms)))
	}
	return strings.Join(marks, " ")
}

// shadeCount is how many shades tell the time to detect.
const shadeCount = 4

// shadesOf are the longest times to detect of the shades, each twice the one before. The last is a round number that no time exceeds;
// none where nothing was detected.
func shadesOf(m *catch.Matrix) []time.Duration {
	longest, any := time.Duration(0), false
	for _, f := range m.Faults {
		for _, c := range f.Cells {
			if c.State == catch.Detected {
				longest, any = max(longest, c.Detect), true
			}
		}
	}
	if !any {
		return nil
	}
	last := roundUp(max(longest.Seconds(), 0.008))
	out := make([]time.Duration, shadeCount)
	for i := range out {
		out[i] = time.Duration(last * math.Pow(2, float64(i+1-shadeCount)) * float64(time.Second))
	}
	return out
}

// roundUp is the least of 1, 2, 4 and 8 times a power of ten that is not below x, which is above 0.
func roundUp(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 4, 8} {
		if m*power >= x {
			return m * power
		}
	}
	return 10 * power
}

// shadeOf is the shade of a time to detect, from 1.
func shadeOf(detect time.Duration, shades []time.Duration) int {
	for i, longest := range shades {
		if detect <= longest {
			return i + 1
		}
	}
	return shadeCount
}

// matrixLegend explains the states that occur in a matrix, the shades and the marks.
func matrixLegend(m *catch.Matrix) template.HTML {
	var b strings.Builder
	b.WriteString(`<ul class="legend" aria-label="Legend of the matrix">`)
	for _, s := range statesOf(m) {
		b.WriteString(`<li><span class="state ` + template.HTMLEscapeString(string(s)) + `"><span class="sign" aria-hidden="true">` + stateMark(s) + `</span> ` +
			template.HTMLEscapeString(string(s)) + `</span> ` + stateMeaning(s) + `</li>`)
	}
	for i, longest := range shadesOf(m) {
		fmt.Fprintf(&b, `<li><span class="swatch shade-%d" aria-hidden="true"></span> detected within %s</li>`, i+1, elapsed(longest))
	}
	b.WriteString(`<li>` + tellingMark + ` diagnosed: the level's own logs or spans name the cause</li><li>` + stateMark(catch.Noisy) +
		`1: with one false alarm</li></ul>`)
	return template.HTML(b.String()) // #nosec G203 -- it is made of words of ours
}

// injects says that something is injected, so that there is an effect to confirm.
func injects(f catch.Row) bool { return f.Fault.ID != result.NoFault }
