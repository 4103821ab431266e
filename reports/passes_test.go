package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Several passes of one fault are told apart in every format.
func TestPassesAreToldApart(t *testing.T) {
	a := fixture()
	again := a.Catch.Faults[0]
	again.Pass = 1
	a.Catch.Faults = append(a.Catch.Faults, again)
	rendered := map[string]string{}
	for _, format := range []string{"text", "markdown", "html", "json", "csv", "junit"} {
		f, err := Lookup(format)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := f.Render(&b, a); err != nil {
			t.Fatal(err)
		}
		rendered[format] = b.String()
	}
	for format, want := range map[string]string{
		"text": "none (2)", "markdown": "none (2)", "html": "none (2)", "json": `"pass": 1`, "junit": "tollgate.catch.none (2)",
	} {
		if !strings.Contains(rendered[format], want) {
			t.Errorf("%s has no %q", format, want)
		}
	}
	var report junitReport
	if err := xml.Unmarshal([]byte(rendered["junit"]), &report); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range report.Suites {
		for _, c := range s.Cases {
			if name := c.Class + " " + c.Name; seen[name] {
				t.Errorf("junit has %q twice", name)
			} else {
				seen[name] = true
			}
		}
	}
	records, err := csv.NewReader(strings.NewReader(rendered["csv"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range records[0] {
		at[name] = i
	}
	passes := map[string]int{}
	for _, r := range records[1:] {
		if r[at["section"]] == "catch" && r[at["fault"]] == "none" {
			passes[r[at["pass"]]]++
		}
	}
	if passes["1"] != 4 || passes["2"] != 4 {
		t.Errorf("csv: levels by pass %v, want 4 each", passes)
	}

	c := &verdict.Comparison{Catch: []verdict.FaultDifference{{Fault: again.Fault}, {Fault: again.Fault, Pass: 1}}}
	for i := range c.Catch {
		c.Catch[i].Cells = []verdict.CellPair{{Level: "off", A: again.Cells[0], B: again.Cells[0]}}
	}
	text, err := compareText(c, columns)
	if err != nil || !strings.Contains(string(text), "none (2)") {
		t.Errorf("comparison: %v\n%s", err, text)
	}
}
