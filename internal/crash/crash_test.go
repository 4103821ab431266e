package crash

import (
	"os"
	"strings"
	"testing"
)

// The logs in testdata are of small programs that crashed so, in functions that are called as ours are.
func TestCause(t *testing.T) {
	for name, want := range map[string][]string{
		"index": {"panic: runtime error: index out of range [5] with length 0",
			"in testenv/stack.(*Server).Handle, s.go:12", "in main.main, main.go:15"},
		"nil": {"panic: runtime error: invalid memory address or nil pointer dereference",
			"[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a3fc0]", "in testenv/stack.Deref, s.go:15", "in main.main.func1, main.go:18"},
		"map":    {"fatal error: concurrent map writes", "in testenv/stack.Concurrent.func1, s.go:23"},
		"memory": {"fatal error: out of memory", "in testenv/stack.Memory, s.go:36", "in main.main, main.go:25"},
		"deep":   {"fatal error: stack overflow", "in testenv/stack.Deep, s.go:31"}, // a frame that repeats, in the second goroutine of the log
		"nested": {"panic: the first", "\tof two lines [recovered]", "\tpanic: while closing: the first", "\tof two lines",
			"in testenv/stack.Nested.func1, s.go:47", "in testenv/stack.Nested, s.go:50", "in main.main, main.go:27"},
		"deadlock": {"fatal error: all goroutines are asleep - deadlock!", "in main.main, main.go:29"},
		"foreign":  {"panic: strings: negative Repeat count", "in main.main.func2, main.go:31", "in main.main, main.go:31"}, // not the library's
	} {
		text, err := os.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if got := Cause(string(text)); got != strings.Join(want, "\n    ") {
			t.Errorf("%s:\n got %s\nwant %s", name, got, strings.Join(want, "\n    "))
		}
	}
}

func TestNoCrash(t *testing.T) {
	for name, log := range map[string]string{
		"nothing":           "",
		"an ordinary log":   "level=INFO msg=\"a request\"\nlevel=ERROR msg=\"no broker\"\n",
		"a panic in a line": "level=ERROR msg=\"http: panic serving 127.0.0.1: panic: none\"\n",
	} {
		if got := Cause(log); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got, want := Cause("panic: only this"), "panic: only this"; got != want {
		t.Errorf("without frames: %q, want %q", got, want)
	}
	outside := "panic: of a library\n\ngoroutine 7 [running]:\nexample.com/library.Do(0x1)\n\t/src/library/do.go:3 +0x1\n"
	if got, want := Cause(outside), "panic: of a library\n    in example.com/library.Do, do.go:3"; got != want {
		t.Errorf("without a frame of ours: %q, want %q", got, want)
	}
	if at := Index([]byte("panic: 1\nfatal error: 2\nx")); at != 9 {
		t.Errorf("the last crash is at %d, want 9", at)
	}
}
