package reports

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestCellsOpen follows addresses into the page, as somebody does who was sent one: what they lead to is shown, and nothing is before.
func TestCellsOpen(t *testing.T) {
	ctx := browse(t)
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(render(t, "html", fixture())), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, anchor := range []string{"catch/consumer-lag/full", "catch/profile-attribute-missing/off", "catch/model-drift"} {
		shown := "document.getElementById('" + anchor + "').checkVisibility({contentVisibilityAuto: true})"
		var before, after bool
		if err := chromedp.Run(ctx,
			chromedp.EmulateViewport(1280, 800),
			chromedp.Navigate("about:blank"), // another address within one page would not load it again
			chromedp.Navigate("file://"+path),
			chromedp.Evaluate(shown, &before),
			chromedp.Evaluate("location.hash = '"+anchor+"'; "+shown, &after),
		); err != nil {
			t.Fatal(err)
		}
		if before || !after {
			t.Errorf("%s is shown before its address is followed: %v, and behind it: %v", anchor, before, after)
		}
	}
}

// undecided are elements of the catch whose contrast axe-core cannot judge, but for the text of pictures, which stands in the colours of the page.
const undecided = `axe.run("#catch", {runOnly: ["color-contrast"]}).then(r => r.incomplete.map(v => ({id: v.id, help: v.help,
	nodes: v.nodes.filter(n => !n.html.startsWith("<text")).slice(0, 3).map(n => n.html.slice(0, 200) + ": " + n.failureSummary)})))`

// TestAllThatOpens has every fold open, in light and dark, and lets axe-core look for barriers; at 400 px nothing but tables and pictures
// scrolls sideways, and at 1280 px the matrix has all of nine levels beside each other.
func TestAllThatOpens(t *testing.T) {
	axe := readAxe(t)
	ctx := browse(t)
	path := filepath.Join(t.TempDir(), "report.html")
	a := night()
	a.Catch.Faults, a.Catch.Stories = append(a.Catch.Faults[:2:2], fixture().Catch.Faults...), a.Catch.Stories[:2]
	if err := os.WriteFile(path, []byte(render(t, "html", a)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, theme := range []string{"light", "dark"} {
		var narrow, matrix int
		var violations, open []violation
		if err := chromedp.Run(ctx,
			inTheme(theme),
			chromedp.EmulateViewport(400, 800),
			chromedp.Navigate("file://"+path),
			chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil),
			chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &narrow),
			chromedp.EmulateViewport(1280, 900),
			chromedp.Evaluate(`(e => e.scrollWidth - e.clientWidth)(document.querySelector(".heat").parentElement)`, &matrix),
			chromedp.Evaluate(axe+"; true", nil),
			chromedp.Evaluate(runAxe, &violations, awaitPromise),
			chromedp.Evaluate(undecided, &open, awaitPromise),
		); err != nil {
			t.Fatal(err)
		}
		if narrow > 0 || matrix > 0 {
			t.Errorf("%s: at 400 px the page scrolls by %d px, at 1280 px the matrix by %d px", theme, narrow, matrix)
		}
		for _, v := range append(violations, open...) {
			if len(v.Nodes) == 0 {
				continue
			}
			t.Errorf("%s: %s: %s\n%q", theme, v.ID, v.Help, v.Nodes)
		}
	}
}
