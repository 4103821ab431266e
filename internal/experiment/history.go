package experiment

import (
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// History is the length of the synthetic history that alerts are judged on that look back farther than the run, in the rules' own time;
// 0: none, or none that Validate allows.
func (e *Experiment) History() time.Duration {
	length, err := alerts.ParseHistory(e.Catch.History)
	if err != nil {
		return 0
	}
	return length
}

// validateHistory refuses a history that cannot be made.
func (e *Experiment) validateHistory(c *complaints) {
	length, err := alerts.ParseHistory(e.Catch.History)
	switch {
	case err != nil:
		c.add("catch.history: %v", err)
	case length > 0 && e.Catch.Launches > 1:
		c.add("catch.history needs series of one deployment of every level, and catch.launches is %d: set it to 1", e.Catch.Launches)
	case length > 0 && len(e.External.Prometheus) > 0:
		c.add("catch.history goes before the series that a run records, and a Prometheus of your own (external.prometheus) keeps its own: " +
			"leave one out")
	}
}

// shortHistory says which alerts look back farther than the history; "" if none does.
func (e *Experiment) shortHistory(rules result.Rules) string {
	length := e.History()
	names := alerts.Long(rules, e.inRun(length), e.Alerts.Lapse)
	if length == 0 || names == "" {
		return ""
	}
	return fmt.Sprintf("catch.history of %s is shorter than these alerts look back, so that they cannot be judged as written: %s",
		alerts.Written(length), names)
}

// inRun is a time of the rules as it passes in the run.
func (e *Experiment) inRun(d time.Duration) time.Duration {
	return time.Duration(float64(d) / e.Alerts.Lapse)
}
