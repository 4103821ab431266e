// Package crash finds in the log of a program why the Go runtime has ended it.
package crash

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

// Killed is what to say of a program that ended by SIGKILL, without whoever sent it.
const Killed = "tollgate did not kill it: somebody did, or the kernel because memory was short, which `dmesg` says"

// module begins the names of our own functions, but for those of package main.
const module = "github.com/tollgate-dev/tollgate/"

// most is how many of our frames are shown; mostSaid how many lines of what was said.
const (
	most     = 5
	mostSaid = 6
)

// begins is how the runtime's last words begin.
var begins = regexp.MustCompile(`(?m)^(?:panic: |fatal error: )`)

// Index returns where in a log the report of the last crash begins; -1 if there is none.
func Index(log []byte) int {
	if !bytes.Contains(log, []byte("panic: ")) && !bytes.Contains(log, []byte("fatal error: ")) { // a log is mostly something else
		return -1
	}
	all := begins.FindAllIndex(log, -1)
	if len(all) == 0 {
		return -1
	}
	return all[len(all)-1][0]
}

// Cause returns what the runtime said at the end of a log, and below it our own functions that were running, the innermost first;
// "" if the log does not end with a crash. Where none of our functions was running, it has those that were.
func Cause(log string) string {
	at := Index([]byte(log))
	if at < 0 {
		return ""
	}
	said, rest, _ := strings.Cut(log[at:], "\n\n")
	lines := strings.Split(strings.TrimSpace(said), "\n")
	lines = lines[:min(len(lines), mostSaid)]
	goroutines := strings.Split(rest, "\n\n")
	for _, own := range []bool{true, false} {
		for _, g := range goroutines {
			if found := frames(g, own); len(found) > 0 {
				return strings.Join(append(lines, found...), "\n    ")
			}
		}
	}
	return strings.Join(lines, "\n    ")
}

// frames are the functions of a goroutine: package and function, and the line of the file. A frame that repeats stands once.
func frames(goroutine string, own bool) []string {
	var out []string
	lines := strings.Split(goroutine, "\n")
	for i := 0; i+1 < len(lines) && len(out) < most; i++ {
		at, isPlace := strings.CutPrefix(lines[i+1], "\t")
		end := strings.LastIndexByte(lines[i], '(')
		if !isPlace || end < 0 || strings.HasPrefix(lines[i], "created by ") {
			continue
		}
		function := lines[i][:end]
		if own && !strings.HasPrefix(function, module) && !strings.HasPrefix(function, "main.") {
			continue
		}
		place, _, _ := strings.Cut(at, " ")
		frame := "in " + strings.TrimPrefix(function, module) + ", " + path.Base(place)
		if len(out) == 0 || out[len(out)-1] != frame {
			out = append(out, frame)
		}
	}
	return out
}
