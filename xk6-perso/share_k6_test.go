package perso

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/hlog"
	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/population"
)

const segmentSequence = "0,1/4,1/2,1"

// shared is a script of which processes take shares: journeys that k6 paces, and then the driver's. What it puts into the trend
// follows from the number of the iteration in the whole plan.
const shared = `
import perso from 'k6/x/perso';
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
const crowd = perso.population({ users: 50, items: 20 });
const number = new Trend('number');
const parts = Number(__ENV.PARTS);
export const options = { scenarios: {
	walk: { executor: 'shared-iterations', vus: 8, iterations: 40, exec: 'walk' },
	drive: { executor: 'shared-iterations', vus: parts, iterations: parts, startTime: '3s', exec: 'drive' },
} };
const target = __ENV.TARGET;
export function walk() {
	number.add(exec.scenario.iterationInTest * 1.5);
	perso.journey({ source: crowd, target, thinkScale: 0 });
}
export function drive() {
	perso.drive({ source: crowd, targets: [{ arm: 'x', url: target }], rate: 120, duration: '2s', thinkScale: 0.1, parts });
}
`

// runShares runs the script in a k6 process for every segment, "" for one that has none, and has drive's plan in parts. It returns the journeys that
// were played, each as often as its first request came, and what was recorded.
func runShares(t *testing.T, parts string, segments ...string) (journeys map[string]int, logs []*hlog.Log) {
	t.Helper()
	g := journeytest.New(t, population.New(1, 50, 20))
	dir := t.TempDir()
	script := filepath.Join(dir, "shared.js")
	if err := os.WriteFile(script, []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var processes sync.WaitGroup
	for _, segment := range segments {
		cmd := exec.CommandContext(ctx, binary)
		cmd.Dir = dir
		cmd.Args = []string{"k6", "run", "--quiet", "--no-usage-report", "--summary-mode=disabled", "--address=", "-e", "TARGET=" + g.URL,
			"-e", "PARTS=" + parts, "--out", "perso=run-{segment}.hlog"}
		if segment != "" {
			cmd.Args = append(cmd.Args, "--execution-segment", segment, "--execution-segment-sequence", segmentSequence)
		}
		cmd.Args = append(cmd.Args, script)
		cmd.Env = append(os.Environ(), "PERSO_TEST_K6=1")
		processes.Go(func() {
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("segment %q: %v\n%s", segment, err, output)
			}
		})
	}
	processes.Wait()
	files, err := filepath.Glob(filepath.Join(dir, "run-*.hlog"))
	if err != nil || len(files) != len(segments) {
		t.Fatalf("logs %v, %v; want %d", files, err, len(segments))
	}
	for _, file := range files {
		l, err := hlog.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, l)
	}
	return played(g), logs
}

// played counts the journeys that came to a gateway by their number in the plan: each session is one.
func played(g *journeytest.Gateway) map[string]int {
	sessions := map[string]bool{}
	for _, r := range g.Requests() {
		sessions[r.Session] = true
	}
	out := map[string]int{}
	for s := range sessions {
		_, number, _ := strings.Cut(s, "-") // behind the prefix of the process: 12, or 0-12 of drive's first launch
		out[number]++
	}
	return out
}

// numbers are the values of the script's trend with their counts.
func numbers(t *testing.T, l *hlog.Log) map[int64]int64 {
	t.Helper()
	out := map[int64]int64{}
	for _, line := range l.Lines {
		if line.Series != "number?scenario=walk" {
			continue
		}
		h, _, err := line.Histogram()
		if err != nil {
			t.Fatal(err)
		}
		for _, bar := range h.Distribution() {
			if bar.Count > 0 {
				out[bar.From] += bar.Count
			}
		}
	}
	return out
}

// TestThreeProcesses: three k6 processes with a segment each play the journeys of one process, none twice, and their logs,
// merged, hold its histograms.
func TestThreeProcesses(t *testing.T) {
	want, one := runShares(t, "1", "")
	got, three := runShares(t, "4", "0:1/4", "1/4:1/2", "1/2:1")
	if !maps.Equal(got, want) || len(want) < 45 {
		t.Errorf("three processes played\n%v\nand one\n%v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for number, n := range got {
		if n != 1 {
			t.Errorf("journey %s was played %d times", number, n)
		}
	}
	path := filepath.Join(t.TempDir(), "all.hlog")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if warnings, err := hlog.Merge(f, three); err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	all, err := hlog.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := numbers(t, all), numbers(t, one[0]); !reflect.DeepEqual(a, b) || len(b) != 40 {
		t.Errorf("the merged histogram has\n%v\nand that of one process\n%v", a, b)
	}
	if all.Head.Segment != hlog.Whole || !reflect.DeepEqual(all.Series(), one[0].Series()) {
		t.Errorf("segment %s, series %v; want those of one process, %v", all.Head.Segment, all.Series(), one[0].Series())
	}
}
