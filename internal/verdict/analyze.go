package verdict

import (
	"fmt"
	"math"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// confidence of every interval that is shown.
const confidence = 0.95

// Analyze turns a run directory into what the reports show. It is a pure function: the same data give the same analysis,
// the bootstrap being seeded from the run. Data that are too few, or that show the run to be invalid, are no error but an
// Outcome; an error means that the data contradict themselves, and says where.
func Analyze(d *result.Data) (*Analysis, error) {
	m, err := measure(d)
	if err != nil {
		return nil, err
	}
	notes := &notes{}
	t := newTolls(m)
	a := &Analysis{Run: d.Run, Confidence: confidence, Controls: t.controls(confidence)}
	if m.complete() > 0 {
		for _, arm := range t.order() {
			a.Toll = append(a.Toll, t.level(arm, confidence, notes))
		}
		a.Baseline = t.absolute()
		a.Shapes = m.shapes()
	}
	if a.Catch, err = catch(d, notes); err != nil {
		return nil, err
	}
	if m.incomplete > 0 {
		notes.add(fmt.Sprintf("%d rounds that not every arm finished are left out", m.incomplete))
	}
	a.Notes = notes.texts
	a.Outcome, a.Reasons = outcome(a, m)
	return a, nil
}

// outcome is the verdict of the controls. A control that failed makes the run invalid; one that could not be judged, or a
// level whose toll could not be estimated, makes it inconclusive.
func outcome(a *Analysis, m *measured) (Outcome, []string) {
	var failed, undecided []string
	for _, c := range a.Controls {
		text := fmt.Sprintf("%s: saw %s; want %s; %s", c.Name, c.Saw, c.Want, c.Remedy)
		switch {
		case c.Undecided:
			undecided = append(undecided, text)
		case !c.OK:
			failed = append(failed, text)
		}
	}
	for _, l := range a.Toll {
		if e := l.effect("p50"); math.IsNaN(e.Detectable) {
			undecided = append(undecided, fmt.Sprintf("level %s: %d complete rounds in %d launches are too few to estimate its toll: "+
				"run at least two launches, or %d rounds in one", l.Arm.Name, m.complete(), len(m.launches), leastRounds))
			break // the same for every level
		}
	}
	partial := partialText(a.Run)
	switch {
	case len(failed) > 0:
		return Invalid, append(append(failed, undecided...), partial...)
	case len(undecided) > 0:
		return Inconclusive, append(undecided, partial...)
	default:
		return Pass, append([]string{fmt.Sprintf("all %d controls hold, and no budget is set", len(a.Controls))}, partial...)
	}
}

// leastRounds is the fewest rounds of one launch that give every interval that decides: signed ranks of 7 values reach an
// error rate of 2·2⁻⁷ = 1.6 %, just under a third of 5 %.
const leastRounds = 7

func partialText(r result.Run) []string {
	switch {
	case r.Status == result.Complete:
		return nil
	case r.Reason != "":
		return []string{"the run is partial: " + r.Reason}
	default:
		return []string{"the run is partial: it ended without saying why"}
	}
}

// effect is the effect of one metric; one of NaN if there is none.
func (l LevelToll) effect(id string) Effect {
	for _, e := range l.Effects {
		if e.Metric.ID == id {
			return e
		}
	}
	return Effect{Detectable: math.NaN()}
}
