package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tollgate-dev/tollgate/reports"
)

// width is how many columns w has: what COLUMNS says, or the terminal; 0 if neither does.
func width(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil {
			return n
		}
	}
	return 0
}

// screen is where text reports are printed: stdout with its width.
func (a *app) screen() reports.Screen {
	return reports.Screen{Writer: a.stdout, Columns: width(a.stdout)}
}

// reader is where the report of a run in a directory is printed for people: one screen, or all of it where the user wants that.
func (a *app) reader(dir string) reports.Screen {
	s := a.screen()
	s.Writer, s.Verbose, s.Dir = paint(a.stdout), a.verbose, dir
	if page := filepath.Join(dir, "report.html"); isFile(page) {
		s.Page = page
	}
	return s
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// verboseFlag lets the user of a command have the whole report.
func (a *app) verboseFlag(c *cobra.Command) {
	c.Flags().BoolVarP(&a.verbose, "verbose", "v", false, "print the report in full, not one screen")
}

// painted is a terminal on which the signs of a report have colours.
type painted struct {
	io.Writer
	signs *strings.Replacer
}

// paint is w, with colours if it is a terminal that has some and the user wants them.
func paint(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) || !colourful(os.Getenv) {
		return w
	}
	return inColours(w)
}

func inColours(w io.Writer) painted {
	in := func(c color.Attribute, sign string) string {
		paint := color.New(c)
		paint.EnableColor()
		return paint.Sprint(sign)
	}
	var pairs []string
	for sign, c := range map[string]color.Attribute{"✓": color.FgGreen, "✗": color.FgRed, "▲": color.FgYellow, "◇": color.FgYellow, "⊘": color.FgYellow} {
		pairs = append(pairs, sign, in(c, sign))
	}
	return painted{w, strings.NewReplacer(pairs...)}
}

// colourful says whether a program may use colours on its terminal: not on a dumb one, and not where the user wants none (no-color.org).
func colourful(getenv func(string) string) bool {
	kind := getenv("TERM")
	return kind != "" && kind != "dumb" && getenv("NO_COLOR") == ""
}

// Write implements io.Writer.
func (p painted) Write(text []byte) (int, error) {
	if _, err := p.signs.WriteString(p.Writer, string(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// table prints rows in columns, or as a list where the columns do not fit.
func (a *app) table(rows [][]string) error {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if columns := width(a.stdout); columns > 0 && widest(b.String()) > columns {
		b.Reset()
		for _, row := range rows {
			for i, cell := range row {
				first, indent := "", "  "
				if i > 0 {
					first, indent = "  ", "    "
				}
				if cell != "" {
					b.WriteString(reports.Wrap(columns, first, indent, cell))
				}
			}
		}
	}
	_, err := a.stdout.Write(b.Bytes())
	return err
}

func widest(text string) (n int) {
	for line := range strings.Lines(text) {
		n = max(n, len([]rune(strings.TrimRight(line, "\n"))))
	}
	return n
}

// fitted is a writer for people that breaks what is wider than its columns, at the line's own indent.
type fitted struct {
	io.Writer
	columns int
}

// fit is w, fitted if its width is known.
func fit(w io.Writer) io.Writer {
	if columns := width(w); columns > 0 {
		return fitted{w, columns}
	}
	return w
}

// Write implements io.Writer.
func (f fitted) Write(text []byte) (int, error) {
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		if widest(line) <= f.columns {
			b.WriteString(line)
			continue
		}
		words := strings.TrimLeft(line, " ")
		indent := strings.Repeat(" ", min(len(line)-len(words), f.columns/2))
		b.WriteString(reports.Wrap(f.columns, indent, indent, words))
	}
	if _, err := io.WriteString(f.Writer, b.String()); err != nil {
		return 0, err
	}
	return len(text), nil
}
