package reports

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// axeFile is axe-core, which is not part of the repository: the test is skipped where it is not there.
const axeFile = "../../shared/tools/axe.min.js"

// TestPageInABrowser opens the page in light and dark, wide and narrow, and lets axe-core look for barriers. The page
// must not scroll sideways: only its wide tables and pictures may, each for itself.
func TestPageInABrowser(t *testing.T) {
	axe := readAxe(t)
	ctx := browse(t)
	path, all := filepath.Join(t.TempDir(), "report.html"), oddities()
	all["nightly"], all["nothing to judge"] = nightly(), unbudgeted()
	for _, c := range []struct{ theme, name string }{
		{"light", "plain"}, {"dark", "plain"}, {"light", "hostile text"}, {"dark", "very long names"}, {"dark", "invalid"},
		{"light", "partial"}, {"light", "NaN"}, {"dark", "failed and open budgets"}, {"light", "nightly"}, {"dark", "nothing to judge"},
	} {
		t.Run(c.theme+"/"+c.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(render(t, "html", all[c.name])), 0o644); err != nil {
				t.Fatal(err)
			}
			inspect(ctx, t, path, c.theme, axe)
		})
	}
}

// TestFirstScreen opens the page as on a small laptop: what the run shows is there without scrolling, the picture beside the table where
// there is room for both, and every level of every table can be reached.
func TestFirstScreen(t *testing.T) {
	ctx := browse(t)
	path := filepath.Join(t.TempDir(), "report.html")
	for name, a := range map[string]*verdict.Analysis{"four levels": fixture(), "nine levels": nightly(), "nothing to judge": unbudgeted()} {
		if err := os.WriteFile(path, []byte(render(t, "html", a)), 0o644); err != nil {
			t.Fatal(err)
		}
		var table, picture, overflow int
		bottom := func(of string) string {
			return "Math.round(document.querySelector('" + of + "').getBoundingClientRect().bottom)"
		}
		if err := chromedp.Run(ctx,
			chromedp.EmulateViewport(1280, 800),
			chromedp.Navigate("file://"+path),
			chromedp.Evaluate(bottom("#answer table"), &table),
			chromedp.Evaluate(bottom("#answer figure svg"), &picture),
			chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow),
		); err != nil {
			t.Fatal(err)
		}
		if table > 800 || picture > 800 {
			t.Errorf("%s: of a screen of 800 px the table ends at %d and the picture at %d", name, table, picture)
		}
		if overflow > 0 {
			t.Errorf("%s: at 1280 px the page scrolls sideways by %d px", name, overflow)
		}
	}
}

// readAxe is axe-core. It judges the contrast of signs, too, which it leaves undecided by itself.
func readAxe(t *testing.T) string {
	t.Helper()
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		t.Skipf("no axe-core: %v", err)
	}
	const leaves, judges = "ignoreUnicode:!0", "ignoreUnicode:!1"
	if !strings.Contains(string(axe), leaves) {
		t.Fatalf("this axe-core has no %s", leaves)
	}
	return strings.ReplaceAll(string(axe), leaves, judges)
}

// browse is a browser. The test is skipped where there is none.
func browse(t *testing.T) context.Context {
	t.Helper()
	browser := findBrowser()
	if browser == "" {
		t.Skip("no chromium, chromium-browser or google-chrome in PATH")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox,
		chromedp.WSURLReadTimeout(2*time.Minute)) // the first start of a browser on a busy machine may take longer than the usual 20 s
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// violation is a rule of axe-core that the page breaks, or a contrast that it cannot judge, and where: up to three elements.
type violation struct {
	ID    string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

// runAxe opens all folds and lets axe-core look. Of contrasts that it leaves open three kinds are passed over: text of pictures, which
// paleText judges; signs and single digits, which have the colour of the words beside them; and cells that have been scrolled out of sight.
const runAxe = `document.querySelectorAll("details").forEach(d => d.open = true);
const passed = n => n.html.startsWith("<text") || /non-text characters|too short|obscured/.test(n.failureSummary);
axe.run().then(r => r.violations.concat(r.incomplete.filter(v => v.id === "color-contrast").
	map(v => ({...v, nodes: v.nodes.filter(n => !passed(n))})).filter(v => v.nodes.length > 0)).map(v => ({id: v.id, help: v.help,
	nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + ": " + n.failureSummary)})))`

// paleText lists text of pictures whose contrast with the page is under 4.5 to 1, by the formula of WCAG 2.
const paleText = `(() => {
	const light = c => c.match(/[0-9.]+/g).slice(0, 3).map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4).
		reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
	const page = light(getComputedStyle(document.documentElement).backgroundColor);
	return [...document.querySelectorAll("svg text")].filter(e => {
		const l = light(getComputedStyle(e).fill);
		return (Math.max(l, page) + 0.05) / (Math.min(l, page) + 0.05) < 4.5;
	}).slice(0, 3).map(e => e.outerHTML.slice(0, 200));
})()`

func inspect(ctx context.Context, t *testing.T, path, theme, axe string) {
	var overflow int
	var violations []violation
	var pale []string
	err := chromedp.Run(ctx,
		inTheme(theme),
		chromedp.EmulateViewport(400, 800),
		chromedp.Navigate("file://"+path),
		chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow),
		chromedp.EmulateViewport(1200, 900),
		chromedp.Evaluate(paleText, &pale),
		chromedp.Evaluate(axe+"; true", nil),
		chromedp.Evaluate(runAxe, &violations, awaitPromise),
	)
	if err != nil {
		t.Fatal(err)
	}
	if overflow > 0 {
		t.Errorf("at 400 px the page scrolls sideways by %d px", overflow)
	}
	if len(pale) > 0 {
		t.Errorf("text of pictures is too pale: %q", pale)
	}
	for _, v := range violations {
		t.Errorf("%s: %s\n%q", v.ID, v.Help, v.Nodes)
	}
}

func inTheme(theme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}})
}

func awaitPromise(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

func findBrowser() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
