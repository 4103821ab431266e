package reports

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// TestEveryCellLeads: each cell of the matrix is a link to what the page tells of it, with its time and marks in text.
func TestEveryCellLeads(t *testing.T) {
	page := render(t, "html", fixture())
	links := regexp.MustCompile(`href="#(catch/[^"]*)"`).FindAllStringSubmatch(page, -1)
	cells := 0
	for _, link := range links {
		if !strings.Contains(page, `id="`+link[1]+`"`) {
			t.Errorf("a link to %s leads nowhere", link[1])
		}
		if strings.Count(link[1], "/") == 2 {
			cells++
		}
	}
	if cells != 16 {
		t.Errorf("%d cells are links, want 16", cells)
	}
	for _, want := range []string{
		`<tr class="kind"><th scope="rowgroup" colspan="5">stream</th></tr>`,
		`<td class="state detected shade-4"><a href="#catch/model-drift/metrics" title="InputDrift">`,
		`<span class="sign" aria-hidden="true">✓</span> 3.3 s <span class="marks">▲1</span><span class="sub">ConsumerLagHigh</span></a>`,
		`<span class="sign" aria-hidden="true">✓</span> 4.7 s <span class="marks">◆</span>`,
		`<span class="swatch shade-3" aria-hidden="true"></span> detected within 4.0 s</li>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestWhatACellSays: why nothing fired, what should have, and that nothing was kept.
func TestWhatACellSays(t *testing.T) {
	a := fixture()
	for i := range a.Catch.Faults {
		a.Catch.Faults[i].Expected = a.Run.Faults[i].Expect
	}
	page := render(t, "html", a)
	for anchor, wants := range map[string][]string{
		"catch/none/off": {"Quiet: nothing fired", "nothing is injected, so that there is no effect to confirm"},
		"catch/profile-attribute-missing/off": {"expected, and did not fire: FeatureMissing, DefaultContentHigh",
			"No log record and no span of this level names the cause."},
		"catch/model-drift/off":      {"InputDrift cannot fire here: it needs the fault for 15s"},
		"catch/consumer-lag/full":    {"diagnosed by span attribute", "No log record and no trace of it was kept", "expected, and did not fire: EventAgeHigh"},
		"catch/model-drift/full":     {"unconfirmed"},
		"catch/consumer-lag/off":     {"No log record and no span of this level names the cause."},
		"catch/none/full":            {"false alarms: ClickThroughLow"},
		"catch/consumer-lag/metrics": {"false alarms: ClickThroughLow"},
	} {
		cell := articleOf(t, page, anchor)
		for _, want := range wants {
			if !strings.Contains(cell, want) {
				t.Errorf("%s: no %q in\n%s", anchor, want, cell)
			}
		}
	}
	if none := articleOf(t, page, "catch/none/off"); strings.Contains(none, "onfirmed") {
		t.Errorf("none has an effect:\n%s", none)
	}
}

// articleOf is the article of the page at an anchor.
func articleOf(t *testing.T, page, anchor string) string {
	t.Helper()
	_, from, found := strings.Cut(page, `<article id="`+anchor+`"`)
	if !found {
		t.Fatalf("no article %s", anchor)
	}
	article, _, _ := strings.Cut(from, "</article>")
	return article
}

// TestNothingInjectedHasNoMarks: the timeline of none has no effect that is confirmed or gone.
func TestNothingInjectedHasNoMarks(t *testing.T) {
	a := fixture()
	for row, marked := range []bool{false, true} {
		svg := string(timeline("id", a.Catch.Levels, a.Catch.Faults[row], nil))
		if strings.Contains(svg, `class="confirmed"`) != marked || strings.Contains(svg, `class="reverted"`) != marked {
			t.Errorf("%s: marks are not %v", a.Catch.Faults[row].Fault.ID, marked)
		}
	}
}

// TestShades: a time has the first shade whose longest time it does not exceed, and the longest of all times has the last.
func TestShades(t *testing.T) {
	of := func(times ...time.Duration) *catch.Matrix {
		var m catch.Matrix
		for _, d := range times {
			m.Faults = append(m.Faults, catch.Row{Cells: []catch.Cell{{State: catch.Detected, Detect: d}, {State: catch.Missed, Detect: time.Hour}}})
		}
		return &m
	}
	if got := shadesOf(of()); got != nil {
		t.Errorf("nothing was detected, and the shades are %v", got)
	}
	shades := shadesOf(of(time.Second, 7*time.Second))
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}; !slices.Equal(shades, want) {
		t.Fatalf("shades are %v, want %v", shades, want)
	}
	for d, want := range map[time.Duration]int{0: 1, time.Second: 1, time.Second + 1: 2, 7 * time.Second: 4} {
		if got := shadeOf(d, shades); got != want {
			t.Errorf("%v has shade %d, want %d", d, got, want)
		}
	}
	if got := shadesOf(of(0)); got[3] != 8*time.Millisecond {
		t.Errorf("an alert that fired at once: %v", got)
	}
}

// night is an analysis of the size of a nightly run: 42 passes at nine levels, three of which keep a trace of 12 spans.
func night() *verdict.Analysis {
	a := fixture()
	row, story := a.Catch.Faults[1], a.Catch.Stories[0]
	trace := &story.Levels[3].Waterfall
	for len(*trace) < 12 {
		*trace = append(*trace, (*trace)[len(*trace)-3])
	}
	for len(a.Catch.Levels) < 9 {
		a.Catch.Levels = append(a.Catch.Levels, strings.Repeat("x", len(a.Catch.Levels)))
		row.Cells, story.Levels = append(row.Cells, row.Cells[3]), append(story.Levels, story.Levels[1+2*(len(story.Levels)%2)])
		toll, shape, rounds := a.Toll[4], a.Shapes[5], a.Rounds[5]
		a.Toll, a.Shapes, a.Rounds = append(a.Toll, toll), append(a.Shapes, shape), append(a.Rounds, rounds)
	}
	a.CPU.Levels[0] = crowdedLevel(a.CPU.Levels[0])
	for len(a.CPU.Levels) < 9 {
		a.CPU.Levels = append(a.CPU.Levels, crowdedLevel(a.CPU.Levels[3]))
	}
	a.Catch.Faults, a.Catch.Stories = nil, nil
	for pass := range 42 {
		row.Pass, story.Pass = pass, pass
		a.Catch.Faults, a.Catch.Stories = append(a.Catch.Faults, row), append(a.Catch.Stories, story)
	}
	return a
}

// TestPageOfANight: the page of a nightly run can be mailed and opens at once; every cell of it is there.
func TestPageOfANight(t *testing.T) {
	const most = 1_500_000
	page := render(t, "html", night())
	if len(page) > most {
		t.Errorf("the page has %d bytes, more than %d", len(page), most)
	}
	cells, z := 0, html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		if token := z.Token(); kind == html.StartTagToken && token.Data == "article" {
			cells++
		}
	}
	if cells != 42*9 {
		t.Errorf("%d cells are told of, want %d", cells, 42*9)
	}
	t.Logf("%d bytes", len(page))
}

func BenchmarkPageOfANight(b *testing.B) {
	a := night()
	format, err := Lookup("html")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := format.Render(io.Discard, a); err != nil {
			b.Fatal(err)
		}
	}
}
