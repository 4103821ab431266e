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
)

// axeFile is axe-core, which is not part of the repository: the test is skipped where it is not there.
const axeFile = "../../shared/tools/axe.min.js"

// TestPageInABrowser opens the page in light and dark, wide and narrow, and lets axe-core look for barriers. The page
// must not scroll sideways: only its wide tables and pictures may, each for itself.
func TestPageInABrowser(t *testing.T) {
	axe := readAxe(t)
	ctx := browse(t)
	path, all := filepath.Join(t.TempDir(), "report.html"), oddities()
	for _, c := range []struct{ theme, name string }{
		{"light", "plain"}, {"dark", "plain"}, {"light", "hostile text"}, {"dark", "very long names"}, {"dark", "invalid"},
		{"light", "partial"}, {"light", "NaN"}, {"dark", "failed and open budgets"},
	} {
		t.Run(c.theme+"/"+c.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(render(t, "html", all[c.name])), 0o644); err != nil {
				t.Fatal(err)
			}
			inspect(ctx, t, path, c.theme, axe)
		})
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
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// violation is a rule of axe-core that the page breaks, and where: up to three elements.
type violation struct {
	ID    string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

const runAxe = `axe.run().then(r => r.violations.map(v => ({id: v.id, help: v.help,
	nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + ": " + n.failureSummary)})))`

func inspect(ctx context.Context, t *testing.T, path, theme, axe string) {
	var overflow int
	var violations []violation
	err := chromedp.Run(ctx,
		inTheme(theme),
		chromedp.EmulateViewport(400, 800),
		chromedp.Navigate("file://"+path),
		chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow),
		chromedp.EmulateViewport(1200, 900),
		chromedp.Evaluate(axe+"; true", nil),
		chromedp.Evaluate(runAxe, &violations, awaitPromise),
	)
	if err != nil {
		t.Fatal(err)
	}
	if overflow > 0 {
		t.Errorf("at 400 px the page scrolls sideways by %d px", overflow)
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
