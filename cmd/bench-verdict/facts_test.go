package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
	"github.com/tollgate-dev/tollgate/reports"
)

// One machine has one size of memory: in the facts of a table here and in the report of the run.
func TestOneMachineHasOneSizeOfMemory(t *testing.T) {
	data := verdicttest.Data(1)
	data.Run.Machine.MemoryMiB = 24_061
	analysis, err := verdict.Analyze(data)
	if err != nil {
		t.Fatal(err)
	}
	text, err := reports.Lookup("text")
	if err != nil {
		t.Fatal(err)
	}
	var report bytes.Buffer
	if err := text.Render(reports.Screen{Writer: &report, Verbose: true}, analysis); err != nil {
		t.Fatal(err)
	}
	for where, says := range map[string]string{
		"facts": strings.Join(facts([]origin{originOf(data.Run)}), "\n"), "report": report.String(),
	} {
		if !strings.Contains(says, "23.5 GiB") {
			t.Errorf("%s: no 23.5 GiB in\n%s", where, says)
		}
	}
}
