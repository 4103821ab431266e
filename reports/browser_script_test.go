package reports

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// complaints collects what a browser says against a page: exceptions of its script, what its policy stops, dialogs.
type complaints struct {
	mu   sync.Mutex
	said []string
}

func (c *complaints) add(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, text)
}

// taken are the complaints so far, which are then forgotten.
func (c *complaints) taken() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.said
	c.said = nil
	return out
}

func complaintsOf(ctx context.Context, t *testing.T) *complaints {
	t.Helper()
	c := &complaints{}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			c.add("exception: " + e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			c.add(string(e.Entry.Source) + ": " + e.Entry.Text)
		case *cdppage.EventJavascriptDialogOpening:
			c.add("dialog: " + e.Message)
		}
	})
	if err := chromedp.Run(ctx, log.Enable(), runtime.Enable(), cdppage.Enable()); err != nil {
		t.Fatal(err)
	}
	return c
}

// written puts a page where a browser can open it.
func written(t *testing.T, page string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// open goes to an address as somebody does who was sent it: within one page another address would not load it again.
func open(address string) chromedp.Action {
	return chromedp.Tasks{chromedp.Navigate("about:blank"), chromedp.Navigate(address)}
}

// seen are the words of the elements of a selector that are shown, joined by blanks.
func seen(selector string, out *string) chromedp.Action {
	return chromedp.Evaluate("[...document.querySelectorAll(`"+selector+"`)].filter(e => e.checkVisibility()).map(e => e.textContent.trim()).join(' ')", out)
}

const (
	glanceRows   = "table.glance tbody th"
	matrixHeads  = ".heat thead th"
	smallPlots   = "#toll figure[data-at] .panel > figcaption"
	pressed      = "#view [aria-pressed=true]"
	whereNowIs   = "decodeURI(location.hash)"
	leadsToCell  = "document.querySelector(':target')?.id ?? ''"
	pressMetrics = "document.querySelector('[data-choice=metrics]').focus()"
)

// TestLevelsAreChosen chooses levels by keyboard and by address; tables, the matrix and the small plots follow, links lead where they
// led, and what is led to is shown.
func TestLevelsAreChosen(t *testing.T) {
	ctx := browse(t)
	against := complaintsOf(ctx, t)
	address := written(t, render(t, "html", fixture()))
	look := func(name string, does chromedp.Action, want map[string]string) {
		t.Helper()
		if err := chromedp.Run(ctx, does); err != nil {
			t.Fatal(err)
		}
		for selector, want := range want {
			var got string
			of := seen(selector, &got)
			if selector == whereNowIs || selector == leadsToCell {
				of = chromedp.Evaluate(selector, &got)
			}
			if err := chromedp.Run(ctx, of); err != nil {
				t.Fatal(err)
			}
			if got = strings.Join(strings.Fields(got), " "); got != want {
				t.Errorf("%s: %s: %q, want %q", name, selector, got, want)
			}
		}
	}
	look("at first", chromedp.Tasks{chromedp.EmulateViewport(1280, 800), open(address)}, map[string]string{
		matrixHeads: "Fault off metrics traces-10 full", pressed: "", "#view-state": "All are shown", whereNowIs: "",
	})
	look("one by keyboard", chromedp.Tasks{chromedp.Evaluate(pressMetrics, nil), chromedp.KeyEvent(" ")}, map[string]string{
		matrixHeads: "Fault off metrics", smallPlots: "off-repeat noise floor known-delay truth: +200 µs metrics off-repeat noise floor metrics",
		pressed: "metrics", "#view-state": "Left out: traces-10, full", whereNowIs: "#levels=metrics",
	})
	look("a link to what is left out", chromedp.Evaluate(`document.querySelector('a[href="#catch/consumer-lag/full"]').click(); new Promise(requestAnimationFrame)`, nil, awaitPromise),
		map[string]string{matrixHeads: "Fault off metrics full", pressed: "metrics full",
			whereNowIs: "#catch/consumer-lag/full&levels=metrics,full", leadsToCell: "catch/consumer-lag/full"})
	look("all again", chromedp.Evaluate("document.querySelector('[data-all]').click()", nil), map[string]string{
		matrixHeads: "Fault off metrics traces-10 full", pressed: "", whereNowIs: "#catch/consumer-lag/full",
	})
	look("an address with both", open(address+"#catch/consumer-lag/full&levels=full"), map[string]string{
		matrixHeads: "Fault off full", leadsToCell: "catch/consumer-lag/full", whereNowIs: "#catch/consumer-lag/full&levels=full",
		"article:target h4 code": "full",
	})
	look("levels that there are not", open(address+"#toll&levels=none,%ff,<b>"), map[string]string{
		matrixHeads: "Fault off metrics traces-10 full", leadsToCell: "toll", whereNowIs: "#toll",
	})
	look("a place that there is not", open(address+"#nowhere&levels=full"), map[string]string{
		matrixHeads: "Fault off full", leadsToCell: "", whereNowIs: "#nowhere&levels=full",
	})
	if said := against.taken(); len(said) > 0 {
		t.Errorf("the browser says %q", said)
	}
}

// TestValuesAreRead reads the small plots by keyboard and by pointer, and an axis by pointer.
func TestValuesAreRead(t *testing.T) {
	ctx := browse(t)
	against := complaintsOf(ctx, t)
	var spoken, value, pointed, cursor string
	var at []float64
	middle := func(of string) chromedp.Action {
		return chromedp.Evaluate("(e => { e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })(document.querySelector('"+of+"'))", &at)
	}
	point := chromedp.ActionFunc(func(ctx context.Context) error {
		return input.DispatchMouseEvent(input.MouseMoved, at[0], at[1]).Do(ctx)
	})
	const last = "[...document.querySelectorAll('#toll figure[data-at] .panel .value')][4].textContent"
	if err := chromedp.Run(ctx,
		chromedp.EmulateViewport(1280, 800),
		open(written(t, render(t, "html", fixture()))),
		chromedp.Evaluate("document.querySelector('.reader input').focus()", nil),
		chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight),
		chromedp.Evaluate("document.querySelector('.reader input').getAttribute('aria-valuetext')", &spoken),
		chromedp.Evaluate(last, &value),
		middle("#toll figure[data-at] svg"), point,
		chromedp.Evaluate(last, &pointed),
		middle("td.strip svg"), point,
		chromedp.Evaluate("document.querySelector('.cursor').textContent", &cursor),
	); err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{spoken: "50 %: off ", value: " (off ", pointed: " (off ", cursor: " %"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q says nothing of %q", got, want)
		}
	}
	shapes := fixture().Shapes
	words := quantileWords(shapes[5], []float64{0.5})[0]
	if !strings.HasPrefix(value, words+" ") || !strings.Contains(spoken, ", full "+words) || value == pointed {
		t.Errorf("the median of full is %s, and %q and %q are said; at another place %q", words, value, spoken, pointed)
	}
	if said := against.taken(); len(said) > 0 {
		t.Errorf("the browser says %q", said)
	}
}
