package main

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/markdown"
)

// TestCompare runs all peers for a moment. What it holds is that every cell is there, not how large it is.
func TestCompare(t *testing.T) {
	var stdout, stderr bytes.Buffer
	line := "compare --rates 50 --journey-rates 50 --turns 1 --warmup 500ms --measured 1500ms --vegeta " + buildVegeta(t)
	if code := run(t.Context(), strings.Fields(line), &stdout, &stderr); code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	text := stdout.String()
	late := map[string]bool{drive.name: true, vegetaPeer.name: true, journeyPeer.name: true} // who can say
	for _, p := range []peer{drive, stock, vegetaPeer, journeyPeer, stockWalk} {
		rows := rowsOf(text, "50", p.name)
		if len(rows) != 1 {
			t.Errorf("%s has %d rows in\n%s", p.name, len(rows), text)
			continue
		}
		for column, cell := range rows[0] {
			missing := cell == markdown.None
			switch {
			case column == 4: // against stock k6
				if missing != (p == stock || p == stockWalk) {
					t.Errorf("%s, against stock k6: %s", p.name, cell)
				}
			case column == 7 || column == 8:
				if missing == late[p.name] {
					t.Errorf("%s, late: %s", p.name, cell)
				}
			case missing:
				t.Errorf("%s: column %d is missing", p.name, column)
			}
		}
		if cpu, err := strconv.ParseFloat(rows[0][3], 64); err != nil || cpu < 1 {
			t.Errorf("%s: CPU %s", p.name, rows[0][3])
		}
	}
}

// TestRatios: a peer is compared with stock k6 in the same round and at the same rate, and journeys with journeys.
func TestRatios(t *testing.T) {
	cells := plan{rates: []float64{10, 20}, journeyRates: []float64{10}}.cells()
	turns := make([][]turn, len(cells))
	for i, c := range cells {
		for round := range 2 {
			cost := map[peer]float64{drive: 1, stock: 2, vegetaPeer: 3, journeyPeer: 1, stockWalk: 8}[c.peer] * c.rate
			turns[i] = append(turns[i], turn{perRequest: cost * float64(1+round)})
		}
	}
	for i, c := range cells {
		want := map[peer]float64{drive: 0.5, vegetaPeer: 1.5, journeyPeer: 0.125}[c.peer]
		got := ratios(cells, turns, i)
		if want == 0 && len(got) > 0 || want > 0 && (len(got) != 2 || got[0] != want || got[1] != want) {
			t.Errorf("%s at %v: %v, want twice %v", c.name, c.rate, got, want)
		}
	}
}

func TestShareDropped(t *testing.T) {
	if got := (cell{peer: stock}).share(turn{told: told{requests: 90}}, 10); got != 0.1 {
		t.Errorf("10 dropped, 90 made: %v", got)
	}
	if got := (cell{peer: stockWalk}).share(turn{told: told{requests: 90 * perJourney}}, 10); math.Abs(got-0.1) > 1e-9 {
		t.Errorf("10 journeys dropped, 90 made: %v", got)
	}
}

func TestTells(t *testing.T) {
	const k6 = `{"metrics":{"http_req_duration":{"med":1,"p(99)":900,"p(99.9)":990,"max":1000,"count":1000},"dropped_iterations":{"count":12,"rate":1},
		"http_req_failed":{"passes":3,"fails":997,"value":0.003},"perso_req_duration":{"p(99)":2,"p(99.9)":3,"max":4,"count":500},
		"perso_req_lag":{"med":0.25,"p(99)":5},"perso_dropped":{"count":1}}}`
	got, err := k6Tells([]byte(k6), false)
	if err != nil || got.requests != 1000 || got.dropped != 13 || got.failed != 3 || got.p99 != 0.9 || got.p999 != 0.99 || got.longest != 1 || !math.IsNaN(got.lag99) {
		t.Errorf("http: %+v, %v", got, err)
	}
	got, err = k6Tells([]byte(k6), true)
	if err != nil || got.requests != 500 || got.failed != 0 || got.p99 != 0.002 || got.lag50 != 0.00025 || got.lag99 != 0.005 {
		t.Errorf("perso: %+v, %v", got, err)
	}
	for _, bad := range []string{"", "{", `{"metrics":{}}`} {
		if _, err := k6Tells([]byte(bad), false); err == nil {
			t.Errorf("%q is no summary", bad)
		}
	}
	v, err := vegetaTells([]byte(`{"Planned":100,"Sent":99,"Failed":1,"LagP50":1e6,"LagP99":2e6,"P50":1,"P99":3e9,"P999":4e9,"Longest":5e9}`))
	if err != nil || v.dropped != 1 || v.lag50 != 0.001 || v.p99 != 3 || v.longest != 5 {
		t.Errorf("vegeta: %+v, %v", v, err)
	}
}
