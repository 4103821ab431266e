package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

const evil = `<script>alert(1)</script>"'|` + "`" + ` **b** [x](javascript:alert(1)) & @team` + "\x1b[31m\x07\r\n" + `</style></title>]]>--> {{.}}`

// oddities are analyses that no ordinary run gives and that must still render.
func oddities() map[string]*verdict.Analysis {
	out := map[string]*verdict.Analysis{"plain": fixture(), "empty": {}}
	change := func(name string, f func(a *verdict.Analysis)) {
		a := fixture()
		f(a)
		out[name] = a
	}
	change("hostile text", func(a *verdict.Analysis) { *a = *hostile(a, evil) })
	change("formulas", func(a *verdict.Analysis) { *a = *hostile(a, "=HYPERLINK(\"http://x\")") })
	change("very long names", func(a *verdict.Analysis) { *a = *hostile(a, strings.Repeat("long-name ", 30)+strings.Repeat("x", 300)) })
	change("wide characters", func(a *verdict.Analysis) { *a = *hostile(a, strings.Repeat("計測レベル", 12)) })
	change("no round and a note", func(a *verdict.Analysis) {
		a.Toll, a.Baseline, a.Shapes, a.Money, a.Catch, a.Notes = nil, nil, nil, nil, nil, []string{"rounds left out: 1"}
	})
	change("no faults", func(a *verdict.Analysis) { a.Catch = nil })
	change("an empty catch", func(a *verdict.Analysis) { a.Catch = &catch.Matrix{} })
	change("one level", func(a *verdict.Analysis) { a.Toll, a.Shapes, a.Run.Levels = nil, a.Shapes[:1], a.Run.Levels[:1] })
	change("partial", func(a *verdict.Analysis) {
		a.Run.Status, a.Run.Reason, a.Run.Ended, a.Outcome = result.Partial, "interrupted", time.Time{}, verdict.Inconclusive
		a.Catch.Faults[3].Phases = a.Catch.Faults[3].Phases[:3]
		for i := range a.Catch.Faults[3].Cells {
			a.Catch.Faults[3].Cells[i] = catch.Cell{State: catch.Unfinished}
		}
		a.Catch.Faults[2].Cells = a.Catch.Faults[2].Cells[:1] // fewer than levels
	})
	change("failed and open budgets", func(a *verdict.Analysis) {
		a.Outcome = verdict.Fail
		b := a.Budgets[0]
		b.Outcome, b.Budget.Relative, b.Budget.Text = verdict.Fail, false, "p99 <= +1ms"
		open := b
		open.Outcome = verdict.Inconclusive
		a.Budgets = append(a.Budgets, b, open)
	})
	change("invalid", func(a *verdict.Analysis) {
		a.Outcome, a.Controls[0].OK, a.Controls[1].OK, a.Controls[1].Undecided = verdict.Invalid, false, false, true
	})
	for name, x := range map[string]float64{"NaN": math.NaN(), "infinite": math.Inf(1), "minus infinite": math.Inf(-1), "zero width": 0, "huge": 1e300} {
		change(name, func(a *verdict.Analysis) { everyNumber(reflect.ValueOf(a).Elem(), x) })
	}
	change("no stories", func(a *verdict.Analysis) { a.Catch.Stories = nil })
	change("several stories", func(a *verdict.Analysis) {
		a.Catch.Stories = append(a.Catch.Stories, a.Catch.Stories[0], catch.Story{})
	})
	change("a long trace without time", func(a *verdict.Analysis) {
		l := &a.Catch.Stories[0].Levels[3]
		l.Moments = append(l.Moments, catch.Moment{Kind: "new", At: -time.Hour}, catch.Moment{Kind: catch.Noticed, Whole: true})
		for len(l.Waterfall) < result.MostSpans {
			l.Waterfall = append(l.Waterfall, catch.Bar{Depth: len(l.Waterfall)})
		}
	})
	change("30 faults × 10 levels", func(a *verdict.Analysis) {
		for i := range 6 {
			name := fmt.Sprintf("level-%d", i)
			a.Catch.Levels = append(a.Catch.Levels, name)
			t := a.Toll[4]
			t.Arm.Name, t.Arm.Level = name, name
			a.Toll = append(a.Toll, t)
			s := a.Shapes[5]
			s.Arm = t.Arm
			a.Shapes = append(a.Shapes, s)
		}
		faults := a.Catch.Faults
		for i := range faults {
			for len(faults[i].Cells) < 10 {
				faults[i].Cells = append(faults[i].Cells, faults[i].Cells[3])
			}
		}
		for len(a.Catch.Faults) < 30 {
			a.Catch.Faults = append(a.Catch.Faults, faults[len(a.Catch.Faults)%4])
		}
	})
	return out
}

// hostile puts text into every free string; the closed sets (roles, states, metrics) stay.
func hostile(a *verdict.Analysis, text string) *verdict.Analysis {
	closed := []string{"", "baseline", "repeat", "known-delay", "level", "complete", "pending", "firing", "s", "B", "1", "per 1,000 requests",
		"settle", "clean", "inject", "hold", "revert", "clear", "pass", "detected", "missed", "quiet", "noisy", "under-powered", "unconfirmed"}
	for _, m := range metricsOf(a) {
		closed = append(closed, m.ID)
	}
	everyString(reflect.ValueOf(a).Elem(), func(s string) string {
		if slices.Contains(closed, s) {
			return s
		}
		return text
	})
	a.Run.Levels[0].Env = map[string]string{text: text}
	if a.Catch != nil {
		for _, s := range a.Catch.Stories {
			for _, l := range s.Levels {
				if l.Example != nil && l.Example.Log != nil {
					l.Example.Log.Attributes = map[string]string{text: text}
				}
				for i := range l.Waterfall {
					l.Waterfall[i].Attributes = map[string]string{text: text}
				}
			}
		}
	}
	return a
}

func everyString(v reflect.Value, f func(string) string) {
	each(v, func(v reflect.Value) {
		if v.Kind() == reflect.String {
			v.SetString(f(v.String()))
		}
	})
}

func everyNumber(v reflect.Value, x float64) {
	each(v, func(v reflect.Value) {
		if v.Kind() == reflect.Float64 {
			v.SetFloat(x)
		}
	})
}

func each(v reflect.Value, f func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			each(v.Elem(), f)
		}
	case reflect.Struct:
		if _, isTime := v.Interface().(time.Time); !isTime {
			for i := range v.NumField() {
				each(v.Field(i), f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), f)
		}
	default:
		f(v)
	}
}

func TestOddities(t *testing.T) {
	checks := map[string]func(*testing.T, string){
		"text": checkText, "html": checkHTML, "markdown": checkMarkdown, "json": checkJSON, "junit": checkXML, "csv": checkCSV, "benchstat": checkBenchstat,
	}
	all := oddities()
	all["analyzed"] = analyzed(t)
	for name, a := range all {
		for _, f := range All() {
			t.Run(name+"/"+f.Name, func(t *testing.T) {
				got := render(t, f.Name, a)
				if again := render(t, f.Name, a); again != got {
					t.Error("two renderings differ")
				}
				for _, r := range got {
					if r != '\n' && (unicode.IsControl(r) || r == '\u202e') {
						t.Fatalf("holds control character %U", r)
					}
				}
				checks[f.Name](t, got)
			})
		}
	}
}

func checkText(t *testing.T, s string) {
	for _, line := range strings.Split(s, "\n") {
		if cellWidth(line) > columns {
			t.Errorf("wider than %d: %q", columns, line)
		}
	}
	noRawNumbers(t, s)
}

func noRawNumbers(t *testing.T, s string) {
	t.Helper()
	if m := regexp.MustCompile(`NaN|[+-]Inf|%!`).FindString(s); m != "" {
		t.Errorf("holds %q", m)
	}
}

// checkHTML walks the page: only elements and attributes that the template writes, one script, which is ours, unique ids, no address
// outside.
func checkHTML(t *testing.T, s string) {
	noRawNumbers(t, s)
	ids, scripts := map[string]bool{}, 0
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			if scripts != 1 {
				t.Errorf("%d scripts", scripts)
			}
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if slices.Contains([]string{"img", "iframe", "object", "link", "base"}, token.Data) {
				t.Errorf("has an element %s", token.Data)
			}
			if token.Data == "script" {
				if scripts++; z.Next() != html.TextToken || string(z.Raw()) != htmlScript || len(token.Attr) > 0 {
					t.Error("a script that is not the page's own")
				}
			}
			for _, attr := range token.Attr {
				if strings.HasPrefix(attr.Key, "on") || attr.Key == "src" || (attr.Key == "href" && !strings.HasPrefix(attr.Val, "#")) {
					t.Errorf("%s has %s=%q", token.Data, attr.Key, attr.Val)
				}
				if attr.Key == "id" {
					if ids[attr.Val] {
						t.Errorf("id %q twice", attr.Val)
					}
					ids[attr.Val] = true
				}
			}
		}
	}
}

func checkMarkdown(t *testing.T, s string) {
	noRawNumbers(t, s)
	pipes, inTable := 0, false
	for _, line := range strings.Split(s, "\n") {
		bare := regexp.MustCompile(`\\.`).ReplaceAllString(line, "")
		if m := regexp.MustCompile(`<[^>]*>`).FindString(bare); m != "" && !slices.Contains([]string{"<details>", "</details>"}, m) {
			t.Errorf("unescaped HTML %q", m)
		}
		if strings.Contains(bare, "@t") {
			t.Errorf("somebody would be notified by %q", line)
		}
		if !strings.HasPrefix(line, "|") {
			inTable = false
			continue
		}
		n := strings.Count(bare, "|")
		if inTable && n != pipes {
			t.Errorf("%d cell borders instead of %d in %q", n, pipes, line)
		}
		pipes, inTable = n, true
	}
}

// checkJSON refuses anything but snake_case keys and unknown top-level shapes.
func checkJSON(t *testing.T, s string) {
	var out map[string]any
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, child := range v {
				free := path == ".run.modules" || strings.HasSuffix(path, ".env")
				if !free && !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(k) {
					t.Errorf("%s.%s is not snake_case", path, k)
				}
				walk(path+"."+k, child)
			}
		case []any:
			for _, child := range v {
				walk(path+"[]", child)
			}
		}
	}
	walk("", out)
	if out["schema"] != float64(jsonSchema) {
		t.Errorf("schema is %v", out["schema"])
	}
}

func checkXML(t *testing.T, s string) {
	checkJUnit(t, s)
	var out junitReport
	if err := xml.Unmarshal([]byte(s), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Suites) == 0 || out.Suites[0].Name != "verdict" {
		t.Error("has no verdict suite")
	}
}

func checkCSV(t *testing.T, s string) {
	rows, err := csv.NewReader(strings.NewReader(s)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(csvColumns()); len(rows[0]) < n || !slices.Equal(rows[0][:n], csvColumns()) {
		t.Errorf("head is %v, want %v and what further sections add", rows[0], csvColumns())
	}
	for _, row := range rows {
		for _, field := range row {
			if _, err := strconv.ParseFloat(field, 64); err != nil && field != "" && strings.ContainsRune("=+-@", rune(field[0])) {
				t.Errorf("a spreadsheet would run %q", field)
			}
		}
	}
}

// checkBenchstat holds the file to what benchstat's own reader makes of it.
func checkBenchstat(t *testing.T, s string) { readBench(t, s) }

func TestJUnitAgreesWithTheVerdict(t *testing.T) {
	for _, outcome := range []verdict.Outcome{verdict.Pass, verdict.Fail, verdict.Inconclusive, verdict.Invalid} {
		a := fixture()
		a.Outcome = outcome
		var out junitReport
		if err := xml.Unmarshal([]byte(render(t, "junit", a)), &out); err != nil {
			t.Fatal(err)
		}
		if red := out.Failures+out.Errors > 0; red != (outcome != verdict.Pass) {
			t.Errorf("%s: %d failures, %d errors", outcome, out.Failures, out.Errors)
		}
	}
}

func TestLookup(t *testing.T) {
	_, err := Lookup("pdf")
	if err == nil {
		t.Fatal("found a format pdf")
	}
	for _, f := range All() {
		if !strings.Contains(err.Error(), f.Name) {
			t.Errorf("%q does not name %s", err, f.Name)
		}
	}
}

func TestRenderReportsAWriterThatFails(t *testing.T) {
	want := errors.New("disk full")
	for _, f := range All() {
		if err := f.Render(failing{want}, fixture()); !errors.Is(err, want) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestRenderLeavesTheAnalysisAlone(t *testing.T) {
	a := hostile(fixture(), evil)
	var before, after bytes.Buffer
	fmt.Fprintf(&before, "%+v", *a)
	for _, f := range All() {
		render(t, f.Name, a)
	}
	fmt.Fprintf(&after, "%+v", *a)
	if before.String() != after.String() {
		t.Error("rendering changed the analysis")
	}
}

// What is measured with a script of the user's own is not called by the names of our journeys.
func TestStepOfThePlan(t *testing.T) {
	a := fixture()
	a.Run.Plan.Step = "search"
	html := render(t, "html", a)
	for _, want := range []string{"response time of the search step", "160 turns/s of the script"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if strings.Contains(html, "the recommend step") || !strings.Contains(render(t, "json", a), `"step": "search"`) {
		t.Error("the step of the plan is not the one in the reports")
	}
}

// What the gate prints, and what an error quotes, goes to a terminal as well.
func TestTerminalsGetNoControlCharacters(t *testing.T) {
	const hostileText = evil + "\x00\u202e"
	var out bytes.Buffer
	if err := Verdict(&out, hostile(fixture(), hostileText)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"the gate": out.String(), "an error": Printable("line 3: " + hostileText)} {
		if strings.ContainsAny(text, "\x1b\x07\r\x00\u202e") {
			t.Errorf("%s prints control characters: %q", name, text)
		}
		if !strings.Contains(text, "<script>") {
			t.Errorf("%s has lost the text: %q", name, text)
		}
	}
	if got := Printable("a\n\tb"); got != "a\n    b" {
		t.Errorf("lines are not kept: %q", got)
	}
}
