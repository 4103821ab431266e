package reports

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// paperWidth is A4 without the margins of a browser, in pixels.
const paperWidth = 718

// TestPageOnPaper: nothing is cut, the colours are those of paper in a dark room too, controls are not printed, and what is folded says so.
func TestPageOnPaper(t *testing.T) {
	ctx := browse(t)
	for name, a := range map[string]*verdict.Analysis{"four levels": fixture(), "nine levels": night()} {
		var wide int
		var paper, folded, controls string
		if err := chromedp.Run(ctx,
			chromedp.EmulateViewport(paperWidth, 1000),
			open(written(t, render(t, "html", a))),
			emulation.SetEmulatedMedia().WithMedia("print").WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}),
			chromedp.Evaluate("getComputedStyle(document.documentElement).backgroundColor", &paper),
			chromedp.Evaluate(`getComputedStyle(document.querySelector("details:not([open]) > summary"), "::after").content`, &folded),
			seen("#view button, .reader", &controls),
			chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil),
			chromedp.Evaluate(`Math.max(...[...document.querySelectorAll("main table, main svg")].filter(e => e.checkVisibility()).
				map(e => e.getBoundingClientRect().right)) | 0`, &wide),
		); err != nil {
			t.Fatal(err)
		}
		if wide > paperWidth {
			t.Errorf("%s: a table or picture ends at %d px, and paper has %d", name, wide, paperWidth)
		}
		if paper != "rgb(255, 255, 255)" || folded == "none" || controls != "" {
			t.Errorf("%s: on %s, folds say %s, controls %q", name, paper, folded, controls)
		}
	}
}
