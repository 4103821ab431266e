// Package replay evaluates alert rules on the series that a run has recorded, as the run's own Prometheus would have: with its
// engine, its intervals and its lookback. It writes nothing into the run directory.
package replay

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

// rulesFile has, in a run directory, the rules as the run evaluated them.
const rulesFile = "rules.yaml"

// Recording is a run directory whose rules can be replayed.
type Recording struct {
	Data  *result.Data // without the levels that have no series
	Notes []string     // which levels are left out, and why
	// History is the length of synthetic history that is put before the series, in the rules' own time; 0: none.
	History time.Duration

	dir        string
	experiment *experiment.Experiment
	text       []byte              // of rulesFile
	groups     []rulefmt.RuleGroup // in it
	every      int64               // the interval at which samples are there, ms; 0: as they were recorded. See Scraped
}

// Open prepares a run directory that was read. A run without faults or without series is an error.
func Open(dir string, d *result.Data) (*Recording, error) {
	if len(d.Run.Faults) == 0 || len(d.Faults) == 0 {
		return nil, fmt.Errorf("backtest: run %s injected no faults, so that there is nothing to catch: name a run with faults", d.Run.ID)
	}
	for _, level := range d.Run.Levels {
		if launches := catchLaunches(d.Run, level.Name); launches > 1 {
			return nil, fmt.Errorf("backtest: run %s deployed the level %s %d times for the catch (catch.launches): only a run of one deployment of every level can be replayed",
				d.Run.ID, level.Name, launches)
		}
	}
	data := *d
	r := &Recording{Data: &data, dir: dir}
	data.Run.Levels = nil
	var lacking []string
	for _, level := range d.Run.Levels {
		if hasSeries(r.series(level.Name)) {
			data.Run.Levels = append(data.Run.Levels, level)
		} else {
			lacking = append(lacking, level.Name)
		}
	}
	if len(data.Run.Levels) == 0 {
		return nil, fmt.Errorf("backtest: run %s has no series: %s has no data of any level (%s); was %s left out when the run was copied, "+
			"or were its alerts evaluated by a Prometheus of your own?",
			d.Run.ID, filepath.Join(dir, result.SeriesDir), strings.Join(lacking, ", "), result.SeriesDir)
	}
	if len(lacking) > 0 {
		r.Notes = append(r.Notes, "left out, since the run has no series of them: "+strings.Join(lacking, ", "))
	}
	var err error
	if r.experiment, err = experiment.Recorded(d.Run); err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	return r, r.readRules()
}

// catchLaunches is in how many launches of the catch a level was.
func catchLaunches(r result.Run, level string) int {
	n := 0
	for launch := range max(1, len(r.CatchLaunches)) {
		if r.InCatchLaunch(launch, level) {
			n++
		}
	}
	return n
}

// readRules reads the rules that the run evaluated.
func (r *Recording) readRules() error {
	path := filepath.Join(r.dir, rulesFile)
	text, err := files.Read(path, files.Text)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("backtest: %s is not there, so that recorded series cannot be told from those that rules made: copy the run again", path)
	}
	if err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	r.text = text
	if r.groups, err = parseGroups(text); err != nil {
		return fmt.Errorf("backtest: %s: %w", path, err)
	}
	return nil
}

// series is the directory of the series of a level.
func (r *Recording) series(level string) string { return filepath.Join(r.dir, result.SeriesDir, level) }

// hasSeries says that a directory has a block, or a write-ahead log, of a Prometheus.
func hasSeries(dir string) bool {
	if !filepath.IsLocal(filepath.Base(dir)) {
		return false
	}
	for _, pattern := range []string{"*/meta.json", "wal/0*"} {
		if found, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// evalInterval is how often groups are evaluated that name no interval.
func (r *Recording) evalInterval() time.Duration { return r.experiment.Alerts.EvalInterval }

// interval is that of a group as it ran.
func (r *Recording) interval(g rulefmt.RuleGroup) time.Duration {
	return cmp.Or(time.Duration(g.Interval), r.evalInterval())
}

// Rules are alert rules, time-lapsed as the run's own.
type Rules struct {
	Name   string // replayed, for the run's own, or the files
	Lapsed *alerts.Lapsed
	groups []rulefmt.RuleGroup // of Lapsed.Text
	own    bool
	expect map[string][]string // by fault: what Fault.Expect is with these rules, where it is not what it was
}

// Own says that these are the rules that the run evaluated.
func (of *Rules) Own() bool { return of.own }

// Own are the rules that the run evaluated.
func (r *Recording) Own() (*Rules, error) {
	pack, err := alerts.Load(filepath.Join(r.dir, rulesFile), r.text)
	if err != nil {
		return nil, err
	}
	lapsed := pack.Lapse(1, 0)
	lapsed.EvaluatedEvery(r.evalInterval())
	if len(lapsed.Alerts) != len(r.Data.Run.Alerts) {
		return nil, fmt.Errorf("backtest: %s has %d alerts, and the run had %d: it was changed since then",
			filepath.Join(r.dir, rulesFile), len(lapsed.Alerts), len(r.Data.Run.Alerts))
	}
	pasts := lapsed.Alerts // which an older run did not record
	lapsed.Alerts = slices.Clone(r.Data.Run.Alerts)
	for i := range lapsed.Alerts {
		lapsed.Alerts[i].Past = pasts[i].Past
	}
	return newRules("replayed", lapsed, true)
}

// Load reads rule files, paths or patterns as in alerts.rules of an experiment, and divides their durations as the run did. Errors
// name the file and the line.
func (r *Recording) Load(paths []string) (*Rules, error) {
	e := *r.experiment
	e.Alerts.Rules = paths
	lapsed, err := e.Lapse()
	if err != nil {
		return nil, fmt.Errorf("backtest: rules: %w", err)
	}
	return newRules(strings.Join(paths, ", "), lapsed, false)
}

func newRules(name string, lapsed *alerts.Lapsed, own bool) (*Rules, error) {
	groups, err := parseGroups(lapsed.Text)
	if err != nil {
		return nil, fmt.Errorf("backtest: %s: %w", name, err)
	}
	return &Rules{Name: name, Lapsed: lapsed, groups: groups, own: own}, nil
}
