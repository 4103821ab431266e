package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

var verdicts = []verdict.Outcome{verdict.Pass, verdict.Fail, verdict.Inconclusive, verdict.Invalid}

// No verdict has a code that something else on the way to a CI system uses, and the README and the help name them all.
func TestVerdictCodesAreNobodyElses(t *testing.T) {
	others := []int{exitCouldNotRun, exitCrashed, exitUsage, 97, 255} // 97 is of k6, 255 of k6 and of shells
	for code := 99; code <= 110; code++ {                             // of k6
		others = append(others, code)
	}
	for code := 126; code <= 128+64; code++ { // of shells
		others = append(others, code)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	help := (&app{}).rootCommand().Long
	for _, o := range verdicts {
		code := exitCode(o)
		if slices.Contains(others, code) {
			t.Errorf("%s has %d, which is not its own", o, code)
		}
		others = append(others, code)
		if want := fmt.Sprintf("\n| %d | %s", code, o); !strings.Contains(string(text), want) {
			t.Errorf("the README has no line %q", want)
		}
		if want := fmt.Sprintf("%d %s", code, o); !strings.Contains(help, want) {
			t.Errorf("the help does not say %q", want)
		}
	}
}

// crash is a program of the test binary: tollgate with a bug.
func crash() {
	os.Exit(guarded(os.Stderr, func() int { panic("forced") }))
}

func TestPanicIsNoVerdict(t *testing.T) {
	var stderr bytes.Buffer
	cmd := exec.Command("tollgate-crash")
	cmd.Stderr = &stderr
	err := cmd.Run()
	if got := codeOf(err); got != exitCrashed || !strings.HasPrefix(stderr.String(), "tollgate crashed: forced; this is a bug") ||
		!strings.Contains(stderr.String(), ".crash()") {
		t.Errorf("exit code %d, %s", got, stderr.String())
	}
}

// A judge that is killed gives no verdict, at whatever moment. Nobody reads what it prints, so that it cannot end before it is killed.
func TestKilledJudgeGivesNoVerdict(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	for _, args := range [][]string{{"gate", "--budget", "p50 <= +500%"}, {"report"}, {"compare"}} {
		for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGABRT} {
			t.Run(strings.Join(args, " ")+" "+sig.String(), func(t *testing.T) {
				if signal.Ignored(sig) {
					t.Skip("the tests run under nohup, and so does what they start")
				}
				dir := unpack(t, "pr")
				line := append(slices.Clone(args), dir)
				if args[0] == "compare" {
					line = append(line, dir)
				}
				cmd := exec.Command("tollgate", line...)
				cmd.Stdout = fullPipe(t)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(random.IntN(500)) * time.Millisecond) // it takes about so long
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				err := cmd.Wait()
				if code := codeOf(err); code != -1 && code != exitCrashed { // -1: ended by a signal
					t.Errorf("%v ends with %d", err, code)
				}
			})
		}
	}
}

// fullPipe is the end of a pipe to which nothing can be written until somebody reads from it, which nobody does.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		t.Fatal(err)
	}
	w := os.NewFile(uintptr(ends[1]), "a full pipe")
	t.Cleanup(func() { _ = errors.Join(syscall.Close(ends[0]), w.Close()) })
	if err := syscall.SetNonblock(ends[1], true); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := syscall.Write(ends[1], make([]byte, 1)); errors.Is(err, syscall.EAGAIN) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.SetNonblock(ends[1], false); err != nil {
		t.Fatal(err)
	}
	return w
}

// A judge without enough memory gives no verdict, or the right one when the memory was enough after all.
func TestJudgeOutOfMemoryGivesNoVerdict(t *testing.T) {
	dir := unpack(t, "pr")
	right := codeOf(exec.Command("tollgate", "gate", dir, "--budget", "p50 <= +500%").Run())
	crashed := 0
	for kilobytes := 64 << 10; kilobytes <= 4<<20; kilobytes *= 2 {
		limited := fmt.Sprintf(`ulimit -v %d; exec tollgate gate %s --budget 'p50 <= +500%%'`, kilobytes, dir)
		code := codeOf(exec.Command("sh", "-c", limited).Run())
		if code != right && slices.ContainsFunc(verdicts, func(o verdict.Outcome) bool { return exitCode(o) == code }) {
			t.Errorf("%d kB: exit code %d, and with enough memory %d", kilobytes, code, right)
		}
		if code != right {
			crashed++
		}
	}
	if crashed == 0 {
		t.Error("memory was always enough")
	}
}

// codeOf is the exit code of a program that has ended; -1 if a signal ended it.
func codeOf(err error) int {
	exit := &exec.ExitError{}
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return exitCouldNotRun
	}
	return 0
}
