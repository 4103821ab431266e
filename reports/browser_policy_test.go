package reports

import (
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// TestPageWithoutScripts: nothing of the page is missing, and no control is there that does nothing.
func TestPageWithoutScripts(t *testing.T) {
	ctx := browse(t)
	address := written(t, render(t, "html", fixture()))
	texts := map[bool]string{}
	for _, off := range []bool{false, true} {
		var text string
		var controls int
		if err := chromedp.Run(ctx,
			emulation.SetScriptExecutionDisabled(off),
			open(address),
			chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil),
			chromedp.Evaluate(`[...document.querySelectorAll("button, input")].filter(e => e.checkVisibility()).length`, &controls),
			chromedp.Evaluate(`document.querySelectorAll("#view, .reader, .value, .cursor").forEach(e => e.remove()); document.body.innerText`, &text),
		); err != nil {
			t.Fatal(err)
		}
		if texts[off] = text; (controls == 0) != off {
			t.Errorf("scripts off: %v, and %d controls are shown", off, controls)
		}
	}
	if texts[true] != texts[false] || len(texts[true]) < 5000 {
		t.Errorf("without scripts the page has %d characters, with them %d", len(texts[true]), len(texts[false]))
	}
}

// TestPolicyOfThePage: the browser stops any script but the page's own.
func TestPolicyOfThePage(t *testing.T) {
	ctx := browse(t)
	against := complaintsOf(ctx, t)
	whole := render(t, "html", fixture())
	for name, c := range map[string]struct {
		page string
		runs bool
	}{
		"as it is":         {whole, true},
		"one byte changed": {strings.Replace(whole, `"use strict";`, `"use  strict";`, 1), false},
		"another script":   {strings.Replace(whole, "<main>", "<main><script>document.title = 'changed'</script>", 1), true},
		"a handler":        {strings.Replace(whole, "<main>", `<main><svg onload="document.title = 'changed'"></svg>`, 1), true},
	} {
		var hidden bool
		var title string
		if err := chromedp.Run(ctx, open(written(t, c.page)),
			chromedp.Evaluate("document.getElementById('view').hidden", &hidden), chromedp.Title(&title)); err != nil {
			t.Fatal(err)
		}
		said := against.taken()
		if hidden == c.runs || title == "changed" {
			t.Errorf("%s: the controls are hidden: %v, the title is %q", name, hidden, title)
		}
		if (len(said) == 0) != (c.page == whole) {
			t.Errorf("%s: the browser says %q", name, said)
		}
	}
}

// hostileLevels is the fixture with names of levels that would like to be more.
func hostileLevels() *verdict.Analysis {
	a := fixture()
	names := map[string]string{"metrics": `"onload="alert(1)"><script>alert(1)</script>`, "traces-10": "]]>-->\u202e,levels=full&levels=|" + "\x00%ff", "full": strings.Repeat("10 kB ", 1700)}
	everyString(reflect.ValueOf(a).Elem(), func(s string) string {
		if name, is := names[s]; is {
			return name
		}
		return s
	})
	for i, name := range a.Catch.Levels {
		if to, is := names[name]; is {
			a.Catch.Levels[i] = to
		}
	}
	return a
}

// TestHostileNamesAndTheScript: names are data to the script, too; each can be chosen, and comes back from the address.
func TestHostileNamesAndTheScript(t *testing.T) {
	ctx := browse(t)
	against := complaintsOf(ctx, t)
	address := written(t, render(t, "html", hostileLevels()))
	for i := range 3 {
		var hash, heads, again string
		var scripts, overflow int
		if err := chromedp.Run(ctx,
			chromedp.EmulateViewport(400, 800),
			open(address),
			chromedp.Evaluate("document.querySelectorAll('[data-choice]')["+string(rune('0'+i))+"].click(); location.hash", &hash),
			seen(matrixHeads, &heads),
			chromedp.Evaluate("document.querySelectorAll('script, [onload], [onclick]').length", &scripts),
			chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow),
		); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Run(ctx, open(address+hash), seen(matrixHeads, &again)); err != nil {
			t.Fatal(err)
		}
		if heads != again || len(strings.Fields(heads)) < 3 || scripts != 1 || overflow > 0 {
			t.Errorf("level %d: %.200q is shown, and %.200q by its address; %d scripts; sideways %d px", i+1, heads, again, scripts, overflow)
		}
	}
	if said := against.taken(); len(said) > 0 {
		t.Errorf("the browser says %q", said)
	}
}

// TestBarriersOfTheControls lets axe-core look at the page with levels chosen, values read and everything unfolded.
func TestBarriersOfTheControls(t *testing.T) {
	axe := readAxe(t)
	ctx := browse(t)
	const use = `document.querySelectorAll("[data-choice]")[1].click(); document.getElementById("unfold").click();
		document.querySelectorAll(".reader input").forEach(e => { e.value = 2; e.oninput(); })`
	for theme, a := range map[string]*verdict.Analysis{"light": fixture(), "dark": hostileLevels()} {
		var violations []violation
		var overflow int
		if err := chromedp.Run(ctx,
			inTheme(theme),
			chromedp.EmulateViewport(400, 800),
			open(written(t, render(t, "html", a))),
			chromedp.Evaluate(use, nil),
			chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow),
			chromedp.EmulateViewport(1280, 900),
			chromedp.Evaluate(axe+"; true", nil),
			chromedp.Evaluate(runAxe, &violations, awaitPromise),
		); err != nil {
			t.Fatal(err)
		}
		if overflow > 0 {
			t.Errorf("%s: at 400 px the page scrolls sideways by %d px", theme, overflow)
		}
		for _, v := range violations {
			t.Errorf("%s: %s: %s\n%q", theme, v.ID, v.Help, v.Nodes)
		}
	}
}
