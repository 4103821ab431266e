package reports

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/backtest"
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// backtested is a backtest as it might be: one fault is detected later and at one level no longer, and a false alarm is gone.
func backtested(t *testing.T) *backtest.Comparison {
	t.Helper()
	a := fixture()
	first := backtest.Side{
		Name: "recorded", Recorded: true, Alerts: a.Run.Alerts, Matrix: a.Catch,
		Coverage: backtest.Coverage{
			Useful: []backtest.Use{{Alert: "ConsumerLagHigh", Faults: []string{"consumer-lag"}}, {Alert: "FeatureMissing", Faults: []string{"profile-attribute-missing"}}},
			Never:  []string{"ClickThroughLow"},
		},
	}
	changed := *a.Catch
	changed.Faults = nil
	for _, row := range a.Catch.Faults {
		row.Cells = append([]catch.Cell(nil), row.Cells...)
		if row.Fault.ID == "consumer-lag" {
			row.Cells[0].Detect += 4 * time.Second
			row.Cells[1].False = nil
			row.Cells[2] = catch.Cell{Level: row.Cells[2].Level, State: catch.Missed, False: []string{"QueueFull"}}
		}
		changed.Faults = append(changed.Faults, row)
	}
	second := backtest.Side{
		Name: "rules/mine.yaml", Alerts: a.Run.Alerts[:2], Matrix: &changed, Notes: []string{"QueueFull could not be evaluated 3 times: too many samples"},
		Coverage: backtest.Coverage{
			Useful: []backtest.Use{{Alert: "ConsumerLagHigh", Faults: []string{"consumer-lag"}}},
			Others: []backtest.Use{{Alert: "ClickThroughLow", Faults: []string{"none", "consumer-lag"}}},
			Never:  []string{"FeatureMissing"}, Switches: []string{"Watchdog"},
		},
	}
	c, err := backtest.Compare(a.Run, first, second)
	if err != nil {
		t.Fatal(err)
	}
	c.Took, c.Notes = 2340*time.Millisecond, []string{"left out, since the run has no series of them: debug"}
	return c
}

func renderBacktest(t *testing.T, format string, c *backtest.Comparison) string {
	t.Helper()
	f, err := LookupBacktest(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Render(&b, c); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func TestBacktestGolden(t *testing.T) {
	for _, f := range AllBacktest() {
		path := filepath.Join("testdata", "backtest."+f.Name)
		got := renderBacktest(t, f.Name, backtested(t))
		golden(t, path, got)
	}
}

// What differs is told in the matrix, in the counts and in words; what does not is there once.
func TestBacktestTells(t *testing.T) {
	got := renderBacktest(t, "text", backtested(t))
	for _, want := range []string{
		"3 of 16 cells differ",
		"- consumer-lag at off: recorded ✓ 3.2 s ConsumerLagHigh / rules/mine.yaml ✓ 7.2",
		"✗ missed and the false alarm QueueFull",
		"FeatureMissing (recorded: fired for a fault that expects it)",
		"ClickThroughLow (recorded: never fired) under none and consumer-lag",
		"dead man's switches, which always fire (1): Watchdog",
		"! rules/mine.yaml: QueueFull could not be evaluated 3 times",
	} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// Text of a run and of rules is hostile, a backtest may hold next to nothing, and the text keeps to its columns.
func TestBacktestOdd(t *testing.T) {
	bad := backtested(t)
	bad.Notes, bad.Second.Notes, bad.Second.Name = []string{evil}, []string{evil}, strings.Repeat("rules/of/a/long/path/", 20)
	bad.Run.ID, bad.Counts[0].Level, bad.Rows[0].Name, bad.Rows[0].Cells[0].First.Alert, bad.Rows[0].Cells[0].New = evil, evil, evil, evil, []string{evil}
	bad.Rows[0].Cells[0].Differs = true
	for name, c := range map[string]*backtest.Comparison{"hostile": bad, "empty": {Run: result.Run{}}} {
		for _, f := range AllBacktest() {
			got := renderBacktest(t, f.Name, c)
			if strings.ContainsAny(got, "\x1b\x07\r") {
				t.Errorf("%s, %s: a control character came through", name, f.Name)
			}
			if f.Name == "json" && !json.Valid([]byte(got)) {
				t.Errorf("%s: not JSON:\n%s", name, got)
			}
			for _, line := range strings.Split(got, "\n") {
				if f.Name == "text" && cellWidth(line) > backtestColumns {
					t.Errorf("%s: %d columns: %s", name, cellWidth(line), line)
				}
			}
		}
	}
	if _, err := LookupBacktest("html"); err == nil || !strings.Contains(err.Error(), "use one of text, markdown, json") {
		t.Errorf("error %v", err)
	}
}

// What tollgate backtest --format json prints has nothing but what the schema names, as the schema says.
func TestBacktestIsValid(t *testing.T) {
	valid(t, strict(t, "backtest.schema.json"), "backtest.json", renderBacktest(t, "json", backtested(t)))
}
