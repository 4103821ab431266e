package replay_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/backtest"
	"github.com/tollgate-dev/tollgate/internal/backtest/replay"
	"github.com/tollgate-dev/tollgate/internal/backtest/replaytest"
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// write writes the small run and opens it.
func write(t *testing.T, o replaytest.Options) (dir string, r *replay.Recording) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	if err := replaytest.Write(dir, o); err != nil {
		t.Fatal(err)
	}
	return dir, open(t, dir)
}

func open(t *testing.T, dir string) *replay.Recording {
	t.Helper()
	d, err := result.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := replay.Open(dir, d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// load writes rules to a file and loads it, with what a fault expects.
func load(t *testing.T, r *replay.Recording, text string, expect ...string) *replay.Rules {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := r.Load([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range expect {
		e, err := replay.ParseExpectation(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Expect(e, rules); err != nil {
			t.Fatal(err)
		}
	}
	return rules
}

func own(t *testing.T, r *replay.Recording) *replay.Rules {
	t.Helper()
	rules, err := r.Own()
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func replayed(t *testing.T, r *replay.Recording, rules *replay.Rules) *replay.Replay {
	t.Helper()
	out, err := r.Replay(context.Background(), rules)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// told are events as lines, sorted.
func told(events []result.AlertEvent) []string {
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%6.1f %s %s%v %s → %s", e.Time.Sub(replaytest.Start).Seconds(), e.Arm, e.Alert, e.Labels, e.From, e.To))
	}
	slices.Sort(out)
	return out
}

func compareEvents(t *testing.T, got, want []result.AlertEvent) {
	t.Helper()
	a, b := told(got), told(want)
	if !slices.Equal(a, b) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

// sides are the run as it was recorded, and with rules.
func sides(t *testing.T, r *replay.Recording, of *replay.Replay) *backtest.Comparison {
	t.Helper()
	first, err := backtest.NewSide("recorded", r.Data)
	if err != nil {
		t.Fatal(err)
	}
	second, err := backtest.NewSide("replayed", of.Data)
	if err != nil {
		t.Fatal(err)
	}
	c, err := backtest.Compare(r.Data.Run, first, second)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// With the run's own rules the replay says what the run said, to the millisecond: from a block, and from the write-ahead log of a run
// that was killed. The series that the rules had written, and ALERTS, say something else and are not read.
func TestOwnRules(t *testing.T) {
	for name, o := range map[string]replaytest.Options{"block": {}, "write-ahead log": {Killed: true}} {
		t.Run(name, func(t *testing.T) {
			_, r := write(t, o)
			of := replayed(t, r, own(t, r))
			compareEvents(t, of.Data.Alerts, replaytest.AlertEvents())
			c := sides(t, r, of)
			if n, all := c.Differing(); n != 0 || all != 4 {
				t.Errorf("%d of %d cells differ: %+v", n, all, c.Rows)
			}
			cell := c.Rows[1].Cells[1].Second
			if cell.State != catch.Detected || cell.Alert != "LagHigh" || cell.Detect != 1200*time.Millisecond {
				t.Errorf("consumer-lag at full: %s %s after %v", cell.State, cell.Alert, cell.Detect)
			}
		})
	}
}

// While the run's Prometheus evaluated nothing, as its heartbeat shows, the replay evaluates nothing either, and says so.
func TestGap(t *testing.T) {
	_, r := write(t, replaytest.Options{Gap: true})
	of := replayed(t, r, own(t, r))
	var got []string
	for _, line := range told(of.Data.Alerts) {
		if strings.Contains(line, "off LagHigh") {
			got = append(got, strings.TrimSpace(line[:6]))
		}
	}
	if want := []string{"33.3", "34.3", "40.8"}; !slices.Equal(got, want) {
		t.Errorf("changes of LagHigh at %v, want %v", got, want)
	}
	if notes := strings.Join(of.Notes, "\n"); !strings.Contains(notes, "off: the run's Prometheus evaluated nothing for 4.5s from 15:04:28 on") {
		t.Errorf("notes:\n%s", notes)
	}
}

// A series that ends without a marker is current for as long as in the run: ten times the interval of its samples.
func TestLookback(t *testing.T) {
	_, r := write(t, replaytest.Options{Ends: true})
	got := told(replayed(t, r, own(t, r)).Data.Alerts)
	// the last sample is at 34.75, and that of 39.8 is the first evaluation more than 5 s later
	if want := "  39.8 off LagHighmap[group:ingest severity:page] firing → inactive"; !slices.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
	}
}

const mine = `groups:
  - name: mine
    rules:
      - {record: 'group:lag:max', expr: 2 * max by (group) (kafka_consumergroup_lag)}
      - {alert: Late, expr: 'group:lag:max > 700', for: 5m}
      - {alert: TooLate, expr: kafka_consumergroup_lag > 100, for: 20m}
      - {alert: Always, expr: 'up == 1'}
`

// Other rules are divided as the run's were, read their own recorded series, and are judged by what is expected of them.
func TestOtherRules(t *testing.T) {
	_, r := write(t, replaytest.Options{})
	of := replayed(t, r, load(t, r, mine, "consumer-lag=Late,TooLate"))
	c := sides(t, r, of)
	p := c.Rows[1].Cells[0]
	if p.Second.State != catch.Detected || p.Second.Alert != "Late" || !p.Differs {
		t.Errorf("consumer-lag at off: %s %s, differs %t", p.Second.State, p.Second.Alert, p.Differs)
	}
	// the lag is seen within one evaluation, and for is 5 s
	if late := p.Second.Detect; late < 5*time.Second || late > 5800*time.Millisecond {
		t.Errorf("Late after %v", late)
	}
	if len(p.Second.Cannot) > 0 {
		t.Errorf("a detected cell has obstacles: %v", p.Second.Cannot)
	}
	coverage := c.Second.Coverage
	if got := fmt.Sprint(coverage); got != "{[{Late [consumer-lag]}] [{Always [none consumer-lag]}] [TooLate] []}" {
		t.Errorf("coverage %s", got)
	}
	if n := c.Counts[0]; n.Passes != 1 || n.First.Detected != 1 || n.Second.Detected != 1 || n.First.False != 0 || n.Second.False != 0 {
		t.Errorf("counts of off: %+v", n) // Always fires all the time, which is told apart
	}
}

// A fault whose expected alerts the rules do not have is named, and its cells say so.
func TestUnexpected(t *testing.T) {
	_, r := write(t, replaytest.Options{})
	of := replayed(t, r, load(t, r, mine))
	if notes := strings.Join(of.Notes, "\n"); !strings.Contains(notes, "the rules have no alert that is expected of consumer-lag") {
		t.Errorf("notes:\n%s", notes)
	}
	if state := sides(t, r, of).Rows[1].Cells[0].Second.State; state != catch.CannotFire {
		t.Errorf("consumer-lag at off is %s", state)
	}
}

// A rule that cannot be evaluated is said to be so, and one that reads what only the run's rules recorded reads that.
func TestNotes(t *testing.T) {
	_, r := write(t, replaytest.Options{})
	of := replayed(t, r, load(t, r, `groups:
  - name: mine
    rules:
      - {alert: Borrowed, expr: 'group:lag:max == 7'}
      - {alert: Broken, expr: 'label_replace(up, "a", "$1", "job", "(")'}
      - {alert: Ghost, expr: no_such_metric > 1}
`, "consumer-lag=Ghost"))
	notes := strings.Join(of.Notes, "\n")
	for _, want := range []string{"Broken could not be evaluated", "read as the run's own rules recorded them, since these rules do not: group:lag:max"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in\n%s", want, notes)
		}
	}
	if fired := told(of.Data.Alerts); !slices.ContainsFunc(fired, func(s string) bool { return strings.Contains(s, "Borrowed") }) {
		t.Errorf("Borrowed did not fire:\n%s", strings.Join(fired, "\n"))
	}
	cell := sides(t, r, of).Rows[1].Cells[0].Second
	if cell.State != catch.CannotFire || !strings.Contains(cell.Note, "no level has no_such_metric") {
		t.Errorf("consumer-lag at off: %s %s", cell.State, cell.Note)
	}
}

// Replaying leaves the run directory as it was.
func TestReadOnly(t *testing.T) {
	for _, o := range []replaytest.Options{{}, {Killed: true}} {
		dir, r := write(t, o)
		before := listing(t, dir)
		replayed(t, r, own(t, r))
		if after := listing(t, dir); after != before {
			t.Errorf("the run directory was\n%s\nand is\n%s", before, after)
		}
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		fmt.Fprintln(&out, path, info.Size(), info.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// With fewer samples an alert comes as many later as the sample that shows the fault, and not at all where the samples are farther apart
// than Prometheus looks back. The recording itself stays as it was.
func TestScraped(t *testing.T) {
	_, r := write(t, replaytest.Options{})
	firing := func(r *replay.Recording) []time.Duration {
		var out []time.Duration
		for _, e := range replayed(t, r, own(t, r)).Data.Alerts {
			if e.Alert == "LagHigh" && e.To == result.Firing {
				out = append(out, e.Time.Sub(replaytest.Start))
			}
		}
		return out
	}
	recorded := firing(r)
	if len(recorded) != 2 {
		t.Fatalf("LagHigh fired at %v", recorded)
	}
	for _, every := range []time.Duration{time.Minute, 3 * time.Minute} {
		of, err := r.Scraped(every)
		if err != nil {
			t.Fatal(err)
		}
		got := firing(of)
		if len(got) != 2 {
			t.Fatalf("every %v: LagHigh fired at %v", every, got)
		}
		for i, at := range got {
			if later := at - recorded[i]; later < 0 || later > every/60 {
				t.Errorf("every %v: LagHigh fired %v later", every, later)
			}
		}
	}
	of, err := r.Scraped(6 * time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	resolved := 0
	for _, e := range replayed(t, of, own(t, of)).Data.Alerts {
		if e.Alert == "LagHigh" && e.From == result.Firing {
			resolved++
		}
	}
	if resolved <= 2 {
		t.Errorf("with samples farther apart than the lookback LagHigh ended %d times, want more than once at each level", resolved)
	}
	if again := firing(r); !slices.Equal(again, recorded) {
		t.Errorf("the recording itself now has %v, want %v", again, recorded)
	}
}
