package reports

import (
	"html"
	"math"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// TestContentsOfTheTelemetry: every format says what a level sends more than the one below, and its rows are all of it.
func TestContentsOfTheTelemetry(t *testing.T) {
	sentence := "traces-10 over metrics: +459 kB per 1,000 requests; the largest parts are span GET /v1/profile (profile) +210 kB, " +
		"resource of span batches +90.0 kB, log profile * has no age (decision) +60.0 kB"
	for _, format := range []string{"text", "markdown", "html"} {
		got := strings.Join(strings.Fields(html.UnescapeString(render(t, format, fixture()))), " ")
		if plain := strings.NewReplacer(`\*`, "*", `\_`, "_", "`", "").Replace(got); !strings.Contains(plain, sentence) {
			t.Errorf("%s: no %q", format, sentence)
		}
		if format != "text" && !strings.Contains(got, "1,240; http.route has 12 values") {
			t.Errorf("%s: no series", format)
		}
		for _, want := range []string{"everything else", "numbers of series and values are the least that there were"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q", format, want)
			}
		}
	}
	csv := render(t, "csv", fixture())
	if !strings.Contains(csv, "contents,full,level,full,contents,B,\"per 1,000 requests\",2.1e+06,") {
		t.Error("the CSV lacks a span of full")
	}
	for _, c := range fixture().Contents {
		pieces, left := firstPieces(c, 2)
		sum := left.Bytes
		for _, p := range pieces {
			sum += p.Bytes
		}
		if math.Abs(sum-c.Bytes) > 1e-6 || len(pieces) > 2 {
			t.Errorf("%s: rows of %v bytes, want %v", c.Arm.Name, sum, c.Bytes)
		}
	}
}

// TestContentsWithoutMoneyOrNames: nothing is made up where there are no prices, and a stranger's name stays text.
func TestContentsWithoutMoneyOrNames(t *testing.T) {
	a := fixture()
	a.Contents = []verdict.Contents{{Arm: a.Run.Arms[5], Bytes: 5, Over: math.NaN(), Pieces: []verdict.Piece{
		{Of: result.VolumePart{Signal: result.InSpans, Name: "<script>alert(1)</script>|=cmd()"}, Bytes: 6, Share: 1.2, Over: math.NaN(), Amount: math.NaN(), OverMoney: math.NaN()},
		{Of: result.VolumePart{Rest: verdict.Unread}, Bytes: -1, Share: -0.2, Over: math.NaN(), Amount: math.NaN(), OverMoney: math.NaN()},
	}}}
	page := render(t, "html", a)
	if strings.Contains(page, "<script>alert") || !strings.Contains(page, "&lt;script&gt;alert(1)") {
		t.Error("a name is not escaped")
	}
	text := render(t, "text", a)
	_, section, _ := strings.Cut(text, "what the telemetry is made of")
	if section, _, _ = strings.Cut(section, "\n\nmoney"); strings.Contains(section, "/1M") || strings.Contains(section, "n/a ") || !strings.Contains(section, nothing) {
		t.Errorf("%s", section)
	}
	a.Contents = nil
	if strings.Contains(render(t, "text", a), "what the telemetry is made of") {
		t.Error("a run that cannot tell has the section")
	}
}
