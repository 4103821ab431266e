package reports

import (
	"encoding/json"
	"html"
	"math"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// TestHopsInEveryFormat: every format has each hop's time at each level with its change, and says what does not add up.
func TestHopsInEveryFormat(t *testing.T) {
	for _, format := range []string{"text", "markdown", "html"} {
		got := strings.Join(strings.Fields(html.UnescapeString(render(t, format, fixture()))), " ")
		plain := strings.NewReplacer("\\(", "(", "\\)", ")", "\\", "").Replace(got)
		for _, want := range []string{"(outside)", "(model 62 %)", "do not add up to those of the whole", "model: no more than 1 µs"} {
			if !strings.Contains(plain, want) {
				t.Errorf("%s: no %q", format, want)
			}
		}
		if e := fixture().Hops[1].Toll[4].Effects[0]; !strings.Contains(plain, difference(e)) || !strings.Contains(plain, amount(e.Value, e.Metric.Unit)) {
			t.Errorf("%s: no %s for the gateway at full", format, difference(e))
		}
	}
	csv := render(t, "csv", fixture())
	lines := 0
	for line := range strings.Lines(csv) {
		if strings.HasPrefix(line, "hops,") {
			lines++
		}
	}
	if want := 3 * 6 * 2; lines != want { // hops, arms, quantiles
		t.Errorf("%d lines of hops in the CSV, want %d", lines, want)
	}
	var out struct {
		Hops []struct {
			Name    string
			Outside bool
			Share   float64
			Doubt   string
			Toll    []struct{ Values []struct{ Value float64 } }
		}
	}
	if err := json.Unmarshal([]byte(render(t, "json", fixture())), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Hops) != 3 || !out.Hops[0].Outside || out.Hops[2].Share != 0.62 || out.Hops[2].Doubt == "" || len(out.Hops[1].Toll) != 6 ||
		out.Hops[1].Toll[5].Values[1].Value != fixture().Hops[1].Toll[4].Effects[1].Value {
		t.Errorf("%+v", out.Hops)
	}
}

// TestHopsThatAreNot: a run whose answers do not tell has no section, and what is not known stands as that.
func TestHopsThatAreNot(t *testing.T) {
	a := fixture()
	a.Hops = nil
	for _, format := range []string{"text", "markdown", "html", "csv"} {
		if got := strings.ToLower(render(t, format, a)); strings.Contains(got, "where the time goes") || strings.Contains(got, "\nhops,") {
			t.Errorf("%s has hops", format)
		}
	}
	nan := math.NaN()
	e := verdict.Effect{Metric: a.Baseline[0].Metric, Value: nan, Diff: verdict.Interval{Lo: nan, Mid: nan, Hi: nan}}
	if got := hopChange(e); got != nil || hopBar(nan, 1) != "" || hopBar(1, 0) != "" {
		t.Errorf("%v", got)
	}
}
