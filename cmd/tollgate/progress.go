package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/tollgate-dev/tollgate/internal/runner"
)

// progress shows how far a run is.
type progress interface {
	runner.Progress
	close() // leaves the last line of a stage that did not end
}

// newProgress draws bars on a terminal that can move its cursor, and writes a line per stage anywhere else.
func newProgress(w io.Writer) progress {
	terminal := w
	if f, ok := w.(fitted); ok {
		terminal = f.Writer
	}
	if f, ok := terminal.(*os.File); ok && term.IsTerminal(int(f.Fd())) && drawable(width(f), os.Getenv) {
		return &bars{pool: mpb.New(mpb.WithOutput(f), mpb.WithWidth(48), mpb.PopCompletedMode())}
	}
	return &lines{w: w, start: time.Now()}
}

// leastBars is the least width of a terminal for a bar with its name and its time.
const leastBars = 100

// drawable says whether a program may draw on its terminal: not on a narrow or dumb one, not in a CI system, and not where the
// user wants plain text (no-color.org).
func drawable(columns int, getenv func(string) string) bool {
	return columns >= leastBars && colourful(getenv) && getenv("CI") == ""
}

// lines writes progress for a log: one line as a stage begins, one as it ends.
type lines struct {
	w     io.Writer
	start time.Time
	stage string
	begun time.Time
}

func (l *lines) Begin(stage string, length time.Duration, why string) {
	l.stage, l.begun = stage, time.Now()
	about := ""
	if length > 0 {
		about = fmt.Sprintf(" (about %v)", length.Round(time.Second))
	}
	l.printf("%s%s: %s", stage, about, why)
}

func (l *lines) Advance(time.Duration) {}

func (l *lines) End(result string) {
	if result == "" {
		result = "done"
	}
	l.printf("%s: %s, after %v", l.stage, result, time.Since(l.begun).Round(100*time.Millisecond))
	l.stage = ""
}

func (l *lines) Tell(what string, items []string) {
	l.printf("%s: %s", what, strings.Join(items, "; "))
}

func (l *lines) printf(format string, args ...any) {
	since := time.Since(l.start).Round(time.Second)
	fmt.Fprintf(l.w, "[%3d:%02d] %s\n", since/time.Minute, since%time.Minute/time.Second, fmt.Sprintf(format, args...))
}

func (l *lines) close() {
	if l.stage != "" {
		l.End("ended early")
	}
}

// bars draws progress on a terminal: one bar per stage, with the time that is left.
type bars struct {
	pool *mpb.Progress
	bar  *mpb.Bar                // nil between stages, and once the terminal is lost: the pool has ended then
	full int64                   // of bar, ms
	note *atomic.Pointer[string] // behind the bar; mpb reads it from a goroutine of its own
}

func (b *bars) Begin(stage string, length time.Duration, why string) {
	note := &atomic.Pointer[string]{}
	note.Store(&why)
	b.note = note
	b.full = max(int64(length/time.Millisecond), 1)
	b.bar, _ = b.pool.Add(b.full, mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─").Build(),
		mpb.PrependDecorators(decor.Name(stage, decor.WC{W: 40, C: decor.DindentRight})),
		mpb.AppendDecorators(
			decor.OnComplete(decor.OnAbort(decor.AverageETA(decor.ET_STYLE_MMSS), ""), ""),
			decor.Any(func(decor.Statistics) string { return "  " + *note.Load() }),
		),
	)
}

// Advance never reaches the end of the bar, since a stage may take longer than expected; End does.
func (b *bars) Advance(done time.Duration) {
	if b.bar != nil {
		b.bar.SetCurrent(min(int64(done/time.Millisecond), b.full-1))
	}
}

func (b *bars) End(result string) {
	if result == "" {
		result = "done"
	}
	b.note.Store(&result)
	if b.bar == nil {
		return
	}
	b.bar.SetCurrent(b.full)
	b.bar.Wait()
	b.bar = nil
}

// Tell puts a line for each item above the bars that are to come.
func (b *bars) Tell(what string, items []string) {
	var text strings.Builder
	for _, i := range items {
		fmt.Fprintf(&text, "  %s: %s\n", what, i)
	}
	_, _ = b.pool.Write([]byte(text.String())) // a terminal that is lost shows nothing
}

func (b *bars) close() {
	if b.bar != nil {
		b.bar.Abort(false)
	}
	b.pool.Wait()
}
