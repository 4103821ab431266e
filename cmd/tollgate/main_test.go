package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be tollgate, for the scripts and for the children that they start.
func TestMain(m *testing.M) {
	testscript.Main(cleaning{m}, map[string]func(){"tollgate": main, "k6": main, "tollgate-crash": crash})
}

// cleaning removes what the tests have built.
type cleaning struct{ *testing.M }

func (c cleaning) Run() int {
	code := c.M.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	if seriesRoot != "" {
		_ = os.RemoveAll(seriesRoot)
	}
	return code
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Condition: func(cond string) (bool, error) {
			if cond == "linux" {
				_, err := os.Stat("/proc/self/status")
				return err == nil, nil
			}
			return false, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode": exitCodeCommand,
			"gone":     goneCommand,
			"metrics":  metricsCommand,
		},
	})
}

func TestExitCodeOfWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{"run", "--nosuch"}, {"run", "a", "b"}, {"report"}, {"list", "nothing"}, {"run", "--profile", "fast"},
		{"run", "--levels", "off,loud"}, {"run", "--faults", "x"}, {"report", "--format", "pdf", "."}, {"up", "--level", "x"},
		{"up", "--seed", "9007199254740992"},
		{"nosuch"}, {"run", "--rate", "0"}, {"run", "--journeys", "nowhere.tsv"},
	} {
		if code := run(context.Background(), args, nil, discard{}, discard{}); code != exitUsage {
			t.Errorf("%v: exit code %d, want %d", args, code, exitUsage)
		}
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
