package catch_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// matrix is made of rows such as {"lag/stream", "missed", "detected Lag", "detected Lag +"}: the fault with its group, and per level
// the state, the alert that detected, and + where the level diagnosed. A fault that stands several times has several passes.
func matrix(levels int, rows ...[]string) *catch.Matrix {
	m := &catch.Matrix{}
	for i := range levels {
		m.Levels = append(m.Levels, fmt.Sprintf("l%d", i))
	}
	passes := map[string]int{}
	for _, text := range rows {
		var row catch.Row
		if _, err := fmt.Sscanf(text[0], "%s %s", &row.Fault.ID, &row.Fault.Group); err != nil {
			row.Fault.ID = text[0]
		}
		row.Pass = passes[row.Fault.ID]
		passes[row.Fault.ID]++
		for i, of := range text[1:] {
			c := catch.Cell{Level: m.Levels[i]}
			var alert, plus string
			_, _ = fmt.Sscanf(of, "%s %s %s", &c.State, &alert, &plus) // what is not there stays empty
			if c.Diagnosed = alert == "+" || plus == "+"; alert != "+" {
				c.Alert = alert
			}
			row.Cells = append(row.Cells, c)
		}
		m.Faults = append(m.Faults, row)
	}
	return m
}

func severe() result.Rules {
	return result.Rules{
		{Name: "Lag", Labels: map[string]string{"severity": "page"}},
		{Name: "Burn", Labels: map[string]string{"severity": "page", "window": "5m"}},
		{Name: "Burn", Labels: map[string]string{"severity": "ticket", "window": "1h"}},
		{Name: "Plain"},
	}
}

func wantShare(t *testing.T, what string, got catch.Share, yes, of float64) {
	t.Helper()
	if want := stats.ClopperPearson(yes, of, 0.95); got.Yes != yes || got.Of != of || fmt.Sprint(got.Interval) != fmt.Sprint(want) {
		t.Errorf("%s: %+v, want %v of %v, %+v", what, got, yes, of, want)
	}
}

func TestTallies(t *testing.T) {
	m := matrix(2,
		[]string{"none controls", "quiet", "noisy"},
		[]string{"lag stream", "detected Lag", `detected Burn{severity="page",window="5m"} +`},
		[]string{"drift model", "missed", "detected Plain"},
		[]string{"drift model", "cannot-fire", "missed +"}, // diagnosed though no alert told
		[]string{"gone model", "under-powered", "unconfirmed"},
		[]string{"late stream", "skipped", "skipped"},
		[]string{"cut stream", "unfinished", "unconfirmed"},
	)
	got := catch.Tallies(m, severe())
	if len(got) != 2 || got[0].Level != "l0" || got[1].Level != "l1" {
		t.Fatalf("levels: %+v", got)
	}
	// At l0: lag, drift and gone were judged. At l1: lag and drift, of which one of two passes was detected and one diagnosed.
	wantShare(t, "detected at l0", got[0].Detected, 1, 3)
	wantShare(t, "diagnosed at l0", got[0].Diagnosed, 0, 3)
	wantShare(t, "detected at l1", got[1].Detected, 1.5, 2)
	wantShare(t, "diagnosed at l1", got[1].Diagnosed, 1.5, 2)
	if want := "[{detected 1} {missed 1} {cannot-fire 1} {under-powered 1} {skipped 1} {unfinished 1}]"; fmt.Sprint(got[0].States) != want {
		t.Errorf("states at l0: %v, want %s", got[0].States, want)
	}
	if want := "[{detected 2} {missed 1} {unconfirmed 2} {skipped 1}]"; fmt.Sprint(got[1].States) != want {
		t.Errorf("states at l1: %v, want %s", got[1].States, want)
	}
	if g := got[1].Groups; len(g) != 2 || g[0].Group != "model" || g[1].Group != "stream" {
		t.Fatalf("groups: %+v", got[1].Groups)
	}
	wantShare(t, "model at l1", got[1].Groups[0].Detected, 0.5, 1)
	wantShare(t, "stream at l1", got[1].Groups[1].Diagnosed, 1, 1)
	if s := got[1].Severities; len(s) != 2 || s[0].Severity != "" || s[1].Severity != "page" {
		t.Fatalf("severities at l1: %+v", got[1].Severities)
	}
	wantShare(t, "no severity at l1", got[1].Severities[0].Detected, 0.5, 2)
	wantShare(t, "page at l1", got[1].Severities[1].Detected, 1, 2)
}

// Nothing judged is no share, and not one of 0.
func TestTalliesOfNothing(t *testing.T) {
	got := catch.Tallies(matrix(1, []string{"none", "quiet"}, []string{"lag", "unconfirmed"}), nil)
	for what, s := range map[string]catch.Share{"detected": got[0].Detected, "diagnosed": got[0].Diagnosed, "precision": got[0].Precision} {
		if s.Of != 0 || !math.IsNaN(s.Interval.Mid) {
			t.Errorf("%s: %+v", what, s)
		}
	}
}

func TestPrecision(t *testing.T) {
	m := matrix(1, []string{"none", "noisy"}, []string{"a", "detected Lag"}, []string{"b", "missed"}, []string{"c", "unconfirmed"})
	m.Faults[0].Cells[0].False = []string{"Stray"}
	m.Faults[1].Cells[0].Also = []string{"Burn", "Lag"} // Lag again: the same alert in the same pass
	m.Faults[1].Cells[0].False = []string{"Lag"}        // and once before the fault: on the other side, too
	m.Faults[2].Cells[0].Also = []string{"Late"}        // explained, though it came too late
	m.Faults[3].Cells[0].False = []string{"Stray"}      // no blame
	got := catch.Tallies(m, nil)[0].Precision
	if got.Yes != 3 || got.Of != 5 {
		t.Fatalf("precision: %+v, want 3 of 5", got)
	}
	plain := stats.ClopperPearson(3, 5, 0.95)
	if got.Interval.Lo > plain.Lo || got.Interval.Hi < plain.Hi {
		t.Errorf("the interval %+v is narrower than that of independent alerts, %+v", got.Interval, plain)
	}
	// Three passes with all right or all wrong are worth about three alerts, not nine.
	m = matrix(1, []string{"a", "detected A"}, []string{"b", "missed"}, []string{"c", "detected A"})
	m.Faults[0].Cells[0].Also, m.Faults[2].Cells[0].Also = []string{"B", "C"}, []string{"B", "C"}
	m.Faults[1].Cells[0].False = []string{"X", "Y", "Z"}
	if got, plain := catch.Tallies(m, nil)[0].Precision, stats.ClopperPearson(6, 9, 0.95); got.Interval.Lo > plain.Lo-0.1 {
		t.Errorf("alerts of one pass: %+v, as if independent: %+v", got.Interval, plain)
	}
}

func TestInversions(t *testing.T) {
	m := matrix(4,
		[]string{"steady", "missed", "detected A", "detected A", "detected A"},
		[]string{"turned", "missed", "detected A", "under-powered", "detected A"},
		[]string{"unseen", "detected A", "unconfirmed", "detected A", "skipped"}, // not judged is not missed
		[]string{"twice", "detected A", "detected A", "detected A", "detected A"},
		[]string{"twice", "detected A", "missed", "detected A", "cannot-fire"},
	)
	got := catch.Inversions(catch.Tallies(m, nil))
	want := "[{turned [l1] [{l2 under-powered}]} {twice [l0 l2] [{l1 missed} {l3 cannot-fire}]}]"
	if fmt.Sprint(got) != want {
		t.Errorf("inversions: %v, want %s", got, want)
	}
	if none := catch.Inversions(nil); none != nil {
		t.Errorf("of nothing: %v", none)
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		name              string
		rows              [][]string
		zeroCovers, other bool
	}{
		{"the same", [][]string{{"a", "detected A", "detected A"}}, true, true},
		{"more", [][]string{{"a", "missed", "detected A"}}, false, true},
		{"as many, of other faults", [][]string{{"a", "missed", "detected A"}, {"b", "detected A", "missed"}}, false, false},
		{"diagnosed counts by itself", [][]string{{"a", "detected A +", "detected A"}}, true, false},
		{"not judged is not caught", [][]string{{"a", "unconfirmed", "detected A"}}, false, true},
		{"one of two passes", [][]string{{"a", "detected A", "detected A"}, {"a", "missed", "detected A"}}, false, true},
		{"one of two is as much as one of two", [][]string{{"a", "detected A", "missed"}, {"a", "missed", "detected A"}}, true, true},
		{"nothing", [][]string{{"a", "missed", "missed"}}, true, true},
	} {
		got := catch.Tallies(matrix(2, c.rows...), nil)
		if got[0].Covers(got[1]) != c.zeroCovers || got[1].Covers(got[0]) != c.other {
			t.Errorf("%s: l0 covers l1 %v, l1 covers l0 %v; want %v, %v", c.name, got[0].Covers(got[1]), got[1].Covers(got[0]), c.zeroCovers, c.other)
		}
	}
}
