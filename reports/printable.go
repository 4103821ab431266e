package reports

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// printable returns a deep copy of the analysis in which every string is valid UTF-8 on one line, without terminal
// escapes, control characters and invisible or direction-changing characters. Doing it here, for all strings at
// once, means that no renderer can forget one. The experiment file keeps its lines. A string that is very long is cut.
func printable(a *verdict.Analysis) *verdict.Analysis {
	out := inLines(a)
	out.Run.Experiment = Printable(a.Run.Experiment)
	return out
}

// inLines is a deep copy of something that is shown, with every string on one line.
func inLines[T any](of *T) *T {
	out := cleaned(reflect.ValueOf(*of)).Interface().(T)
	return &out
}

// Limits of what a report shows, in characters: no sentence and no expression that is written to be read is as long. What is in a
// run directory can be, and every format shows it several times.
const (
	longestValue = 5_000
	longestText  = 100_000 // of several lines
)

// brief cuts a text that is longer than most bytes behind a word, and says so with …; what it leaves out must stand elsewhere.
func brief(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := strings.LastIndexByte(text[:most], ' ')
	if end <= 0 {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strings.TrimRight(text[:end], ",;:") + " …"
}

// shortened cuts a text that is longer than most characters. rest says how long it is; "" if it was not cut.
func shortened(text string, most int) (short, rest string) {
	if len(text) <= most {
		return text, ""
	}
	characters, end := 0, 0
	for i := range text {
		if characters == most {
			end = i
		}
		characters++
	}
	if characters <= most {
		return text, ""
	}
	return text[:end], fmt.Sprintf("… (%s characters)", fixed(float64(characters), 0))
}

// Printable returns a text that a terminal can show: each of its lines is valid UTF-8, without terminal escapes, control
// characters and invisible or direction-changing characters. It is cut if it is very long.
func Printable(text string) string {
	text, rest := shortened(text, longestText)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(cleanLine(strings.ReplaceAll(line, "\t", "    ")), " ")
	}
	return strings.Join(lines, "\n") + rest
}

// cleaned copies a value, its strings cleaned.
func cleaned(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		text, rest := shortened(v.String(), longestValue)
		out.SetString(strings.TrimSpace(cleanLine(text)) + rest)
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(cleaned(v.Elem()))
		}
	case reflect.Struct:
		if _, isTime := v.Interface().(time.Time); isTime {
			return out
		}
		for i := range v.NumField() {
			out.Field(i).Set(cleaned(v.Field(i)))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		}
		for i := range v.Len() {
			out.Index(i).Set(cleaned(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			return out
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
		out.Set(reflect.MakeMap(v.Type()))
		for _, k := range keys { // sorted, so that two keys that clean to the same one always end the same way
			out.SetMapIndex(cleaned(k), cleaned(v.MapIndex(k)))
		}
	}
	return out
}

// terminalEscape is a control sequence (CSI), an operating system command (OSC), or any other two-byte escape.
var terminalEscape = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?`)

// cleanLine makes white space plain and drops what cannot be printed.
func cleanLine(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.Contains(s, "\x1b") {
		s = terminalEscape.ReplaceAllString(s, "")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		default:
			return -1
		}
	}, s)
}
