package reports

import (
	"html"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// TestPartsOfALevel: every part is there with what it is more than at the level before; noise below 0 is no negative CPU time.
func TestPartsOfALevel(t *testing.T) {
	page, csv := html.UnescapeString(render(t, "html", fixture())), render(t, "csv", fixture())
	_, parts, found := strings.Cut(page, `<h3 id="parts">`)
	if !found {
		t.Fatal("no parts on the page")
	}
	for _, want := range []string{`<td>≈ 0</td>`, `<td>11,040<span class="sub">+9,936</span></td>`, `<td>641 kB<span class="sub">+459 kB</span></td>`, `<td>470 ms</td>`} {
		if !strings.Contains(parts, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(parts[:strings.Index(parts, "<h3")], "<td>−") {
		t.Error("a service uses less than nothing")
	}
	if !strings.Contains(csv, "parts,full,level,full,signal,1,,11040,") {
		t.Error("the CSV lacks the spans of full")
	}
}

// TestASmallPlotForEveryLevel: the latencies and the rounds of every arm are drawn beside those of the baseline, and nothing else is.
func TestASmallPlotForEveryLevel(t *testing.T) {
	a := fixture()
	page := render(t, "html", a)
	for picture, want := range map[string]int{`id="latencies-`: 2 * 5, `id="rounds-`: 2 * 4} { // a title and a description each; no rounds of the known delay
		if got := strings.Count(page, picture); got != want {
			t.Errorf("%s: %d, want %d", picture, got, want)
		}
	}
	for _, want := range []string{">99.9 %</text>", ">launch 2</text>", "Latency of full and off", "off p50 1.15 ms"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	a.Shapes, a.Rounds[0].Arm.Role = a.Shapes[1:], result.RoleLevel
	if page := render(t, "html", a); strings.Contains(page, `id="latencies-`) || strings.Contains(page, `id="rounds-`) {
		t.Error("something is drawn without a baseline")
	}
}
