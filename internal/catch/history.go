package catch

import (
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// settled is a run without what alerts did while it went on that were judged on synthetic history after it.
func settled(d *result.Data, rules *rules) *result.Data {
	h := d.Run.History
	if h == nil {
		return d
	}
	out := *d
	out.Alerts = slices.DeleteFunc(slices.Clone(d.Alerts), func(e result.AlertEvent) bool { return e.History != h.Judged(rules.id(e)) })
	return &out
}

// age is how old the oldest data of an alert are at a time: synthetic ones, where it was judged on them; 0 where that is not known.
func (j *judge) age(id string, at time.Time) time.Duration {
	if j.began.IsZero() {
		return 0
	}
	age := at.Sub(j.began)
	if h := j.data.Run.History; h.Judged(id) {
		age += time.Duration(float64(h.Length) / j.data.Run.Lapse)
	}
	return age
}

// rest notes the alerts behind a cell that looked back to before the recorded series: on synthetic history, or on nothing.
func (j *judge) rest(c *Cell) {
	if c.Alert != "" {
		j.restsOn(c, c.Alert, j.inject.Add(c.Injected))
	}
	if c.State == Missed || c.State == UnderPowered {
		for _, id := range j.expected {
			j.restsOn(c, id, j.gone())
		}
	}
	for _, s := range c.Spans {
		if s.State == result.Firing && slices.Contains(c.False, s.Alert) {
			j.restsOn(c, s.Alert, s.Start)
		}
	}
}

// restsOn notes an alert, as it was at a time.
func (j *judge) restsOn(c *Cell, id string, at time.Time) {
	past := j.past(id)
	h := j.data.Run.History
	if began := h.Of(j.level.Name).Began; h.Judged(id) && past > at.Sub(began) {
		c.Synthetic = add(c.Synthetic, id)
		j.say("%s was judged on synthetic history: it looks back %s, and the recorded series were %s old, both in the rules' own time",
			id, j.ruleTime(past), j.ruleTime(at.Sub(began)))
		return
	}
	if whole := j.whole.Sub(j.began); !h.Judged(id) && !j.began.IsZero() && past > whole {
		j.say("%s cannot be judged as written: it looks back %s, and the run has %s, both in the rules' own time: give it history (--history %s)",
			id, j.ruleTime(past), j.ruleTime(whole), j.ruleTime(past))
	}
}

// past is how far an alert looks back; 0 for one that reads a point in time.
func (j *judge) past(id string) time.Duration {
	var out time.Duration
	for _, a := range j.rules.with(id) {
		if a.Past != result.Unreachable {
			out = max(out, a.Past)
		}
	}
	return out
}

// ruleTime writes a time of the run as one of the rules as they were written.
func (j *judge) ruleTime(d time.Duration) string {
	return short(time.Duration(float64(d) * j.data.Run.Lapse).Round(time.Second))
}
