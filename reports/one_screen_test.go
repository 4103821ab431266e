package reports

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/result/resulttest"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// onScreen is the report of a run on one screen.
func onScreen(t *testing.T, a *verdict.Analysis, s Screen) string {
	t.Helper()
	var b bytes.Buffer
	s.Writer = &b
	if err := All()[0].Render(s, a); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever the run, no line is wider than the terminal, no number is raw, and nothing but text is written.
func TestOneScreenFits(t *testing.T) {
	all := oddities()
	all["analyzed"], all["capacity"] = analyzed(t), searched(t)
	for name, a := range all {
		for _, wide := range []int{60, 80, 100, 120} {
			got := onScreen(t, a, Screen{Columns: wide, Dir: "runs/a run\x1b[31m", Page: "runs/\x1b[31m/report.html"})
			for line := range strings.Lines(got) {
				if n := cellWidth(strings.TrimSuffix(line, "\n")); n > min(wide, columns) {
					t.Errorf("%s: %d of %d columns: %q", name, n, wide, line)
				}
			}
			for _, r := range got {
				if r != '\n' && unicode.IsControl(r) {
					t.Fatalf("%s holds control character %U", name, r)
				}
			}
			noRawNumbers(t, got)
		}
	}
}

// A run of four levels and four faults has room on one screen, with everything that is asked of it.
func TestOneScreenIsOne(t *testing.T) {
	got := onScreen(t, fixture(), Screen{})
	if n := strings.Count(got, "\n"); n > 50 {
		t.Errorf("%d lines:\n%s", n, got)
	}
	for _, want := range []string{"verdict: ✓ PASS (", "The cheapest level that detects all 3 faults is metrics", "+41.2 %", "[+40.2, +42.3]", "✗ missed",
		"✓ 4.5 s, cause", "ClickThroughLow without a fault at full and during consumer-lag at metrics", "! DiskAlmostFull", "tollgate report -v RUN", "tollgate report --write RUN"} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, no := range []string{"known-delay", "GC CPU", "[1]", "log record"} {
		if strings.Contains(got, no) {
			t.Errorf("%q is for the report in full:\n%s", no, got)
		}
	}
}

// More faults or levels than one screen has room for are counted, and those that were detected at the same levels are told together.
func TestOneScreenOfMany(t *testing.T) {
	a := fixture()
	for len(a.Catch.Faults) <= mostFaults {
		a.Catch.Faults = append(a.Catch.Faults, a.Catch.Faults[1])
	}
	got := onScreen(t, a, Screen{})
	for _, want := range []string{"\nlevel      detected  cause\noff        1 of 3    0 of 3\n", "✓ 1 fault detected at all levels: consumer-lag\n",
		"✓ 1 fault detected at metrics, missed at off and traces-10, not judged at full: model-drift\n",
		"✓ 1 fault detected at all levels from metrics on: profile-attribute-missing\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "severity page") || strings.Contains(got, "✓ 4.5 s") {
		t.Errorf("the matrix is shown:\n%s", got)
	}
	a.Frontier = nil // nothing was judged: there is nothing to count
	if got := onScreen(t, a, Screen{}); !strings.Contains(got, "✓ 4.5 s") {
		t.Errorf("neither the matrix nor counts:\n%s", got)
	}
}

func count01(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// Faults that were detected at the same levels are one line, and those that have none are counted.
func TestPatternsOfFaults(t *testing.T) {
	score := func(fault string, judged, detected int) catch.Score {
		return catch.Score{Fault: fault, Judged: judged, Detected: detected}
	}
	levels := []string{"off", "metrics", "logs", "full"}
	f := &verdict.Frontier{}
	for i, level := range levels {
		f.Points = append(f.Points, verdict.Point{Level: level, Catch: catch.Tally{Scores: []catch.Score{
			score("everywhere", 1, 1), score("nowhere", 2, 0), score("never", 0, 0), score("rich", 1, count01(i > 1)),
			score("as-rich", 1, count01(i > 1)), score("half", 2, i), score("one", 1, count01(i == 1)), score("but", 1, count01(i != 1)),
		}}})
	}
	want := []string{
		"✓ 2 faults detected at all levels from logs on: rich and as-rich",
		"✓ 1 fault detected at all levels: everywhere",
		"✗ 1 fault detected at no level: nowhere",
		"- 1 fault judged at no level: never",
		"✓ 1 fault detected at logs, detected in some passes at metrics and full, missed at off: half",
		"✓ 1 fault detected at metrics: one",
		"- and 1 more fault, detected at other levels again: but",
	}
	f.Points[3].Catch.Scores[5].Detected = 1
	for i, item := range patternList(f).Items {
		if got := item.Sign + " " + item.Text; i >= len(want) || got != want[i] {
			t.Errorf("line %d: %q", i, got)
		}
	}
	for k := range 16 { // each detected at other levels, the levels of the binary digits of k
		for i := range f.Points {
			f.Points[i].Catch.Scores = append(f.Points[i].Catch.Scores, score(fmt.Sprint("n", k), 1, k>>i&1))
		}
	}
	items, told := patternList(f).Items, 0
	for _, p := range patternsOf(f) {
		told += len(p.faults)
	}
	if last := items[len(items)-1].Text; told != 8+16 || len(items) != mostPatterns+1 || !strings.HasPrefix(last, "and 12 more faults, ") {
		t.Errorf("%d faults, %d lines, the last %q", told, len(items), last)
	}
}

// The screen of a nightly run is a screen.
func TestOneScreenOfANight(t *testing.T) {
	d, err := result.Read(resulttest.Night(t, recording))
	if err != nil {
		t.Fatal(err)
	}
	a, err := verdict.Analyze(d)
	if err != nil {
		t.Fatal(err)
	}
	for wide, most := range map[int]int{60: 63, 80: 42, 100: 40, 120: 40} {
		got := onScreen(t, a, Screen{Columns: wide})
		if n := strings.Count(got, "\n"); n > most {
			t.Errorf("%d lines at %d columns, more than %d:\n%s", n, wide, most, got)
		}
		for line := range strings.Lines(got) {
			if n := cellWidth(strings.TrimSuffix(line, "\n")); n > wide {
				t.Errorf("%d of %d columns: %q", n, wide, line)
			}
		}
	}
}

// What to do next follows from the verdict.
func TestNextSteps(t *testing.T) {
	for name, c := range map[string]struct {
		change func(a *verdict.Analysis)
		want   string // "": nothing but where the rest is
	}{
		"passed":                     {func(*verdict.Analysis) {}, ""},
		"no budget":                  {func(a *verdict.Analysis) { a.Budgets = nil }, "judge it: tollgate gate runs/x --budget 'full: cpu <= +20%'"},
		"no budget, and no toll":     {func(a *verdict.Analysis) { a.Budgets, a.Toll = nil, nil }, "judge it: tollgate gate runs/x --budget 'full: all detected'"},
		"no budget, toll nor faults": {func(a *verdict.Analysis) { a.Budgets, a.Toll, a.Catch = nil, nil, nil }, ""},
		"failed":                     {func(a *verdict.Analysis) { a.Outcome = verdict.Fail }, "find what changed: tollgate compare BEFORE runs/x"},
		"undecided":                  {func(a *verdict.Analysis) { a.Outcome = verdict.Inconclusive }, "measure longer: the same command with --launches 4"},
		"partial": {func(a *verdict.Analysis) { a.Outcome, a.Run.Status = verdict.Inconclusive, result.Partial },
			"measure again, to the end"},
		"invalid": {func(a *verdict.Analysis) { a.Outcome, a.Run.Status = verdict.Invalid, result.Partial },
			"do what the failed controls ask for, then measure again"},
	} {
		a := fixture()
		c.change(a)
		want := "\nnext\n"
		if c.want != "" {
			want += "  - " + c.want + "\n"
		}
		want += "  - look at the pictures: runs/x/report.html\n  - see all numbers: tollgate report -v runs/x (and 3 warnings)\n"
		if got := onScreen(t, a, Screen{Dir: "runs/x/", Page: "runs/x/report.html"}); !strings.HasSuffix(got, want) {
			t.Errorf("%s: does not end in\n%s\n%s", name, want, got)
		}
	}
	if got := onScreen(t, fixture(), Screen{Dir: "it's"}); !strings.Contains(got, `report -v 'it'\''s'`) {
		t.Errorf("a shell would not take the directory:\n%s", got)
	}
}

// The verdict says why: of reasons, the first few. Without a budget there is nothing that could pass.
func TestVerdictOnScreen(t *testing.T) {
	a := fixture()
	a.Outcome, a.Reasons = verdict.Fail, nil
	for i := range mostReasons + 2 {
		a.Reasons = append(a.Reasons, fmt.Sprintf("reason %d", i))
	}
	got := onScreen(t, a, Screen{})
	if want := "verdict: ✗ FAIL (a budget is exceeded)\n  - reason 0\n  - reason 1\n  - reason 2\n  - reason 3\n  - and 2 more reasons\n"; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
	a = fixture()
	a.Budgets, a.Reasons = nil, []string{"all 4 controls hold, and no budget is set"}
	if got, want := onScreen(t, a, Screen{}), "verdict: ○ VALID, NOTHING TO JUDGE (all 4 controls hold, and no budget is set)\n\nThe"; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}

// False alarms are named with where they were; without one it is said how long none was.
func TestFalseAlarmsOnScreen(t *testing.T) {
	m := &catch.Matrix{Levels: []string{"off", "full"}, Alarms: []catch.Alarms{{Level: "off", Clean: 30 * time.Second}, {Level: "full", Clean: 20 * time.Second}},
		Faults: []catch.Row{{Fault: result.Fault{ID: "lag"}, Cells: make([]catch.Cell, 2)}}}
	texts := func() string {
		var out []string
		for _, i := range falseAlarms(m).Items {
			out = append(out, i.Sign+" "+i.Text)
		}
		return strings.Join(out, "\n")
	}
	if got, want := texts(), "- no false alarm, also in the 20.0 s without a fault"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	m.Standing = []catch.Standing{{Alert: "Always", Levels: m.Levels}}
	m.Faults[0].Cells[1].False = []string{"Always", "A", "B", "C", "D", "E"}
	if got, want := texts(), "▲ false alarm: A during lag at full\n▲ false alarm: B during lag at full\n▲ false alarm: C during lag at full\n"+
		"▲ 2 more alerts fired falsely"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
