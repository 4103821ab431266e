package reports

import "github.com/tollgate-dev/tollgate/internal/backtest/resample"

// jsonResampled is what policies would keep of the traces of a level.
type jsonResampled struct {
	Level    string            `json:"level"`     // it keeps all traces
	KeptLogs bool              `json:"kept_logs"` // only the log records of kept traces are kept, and those that belong to none
	Traces   int               `json:"traces"`    // that were recorded
	Nameless int               `json:"nameless"`  // of them: no span names a channel
	Whole    jsonPolicy        `json:"whole"`     // all is kept, as it was measured
	Policies []jsonPolicy      `json:"policies"`
	Faults   []jsonFaultChance `json:"faults"`     // over the passes in which they were judged
	Apart    []string          `json:"not_judged"` // alerts that need what a policy drops
	About    []string          `json:"about"`      // what to know of it
}

// jsonPolicy is what one policy comes to.
type jsonPolicy struct {
	Policy    string           `json:"policy"`          // "": all is kept
	Traces    number           `json:"traces_kept"`     // share of those that begin in clean windows; null: there are none
	Spans     number           `json:"spans_kept"`      // likewise
	InFaults  number           `json:"spans_in_faults"` // share of the spans of traces that begin while a fault is held
	Diagnosed number           `json:"diagnosed"`       // expected number of faults
	Of        int              `json:"of"`              // for which it is known
	Measured  string           `json:"measured_at"`     // the level that samples so; "": none does
	Found     number           `json:"measured"`        // faults that this level diagnosed
	Costs     []jsonPolicyCost `json:"costs"`
}

// jsonPolicyCost is what a policy costs over the baseline.
type jsonPolicyCost struct {
	Metric       string        `json:"metric"`
	Interpolated bool          `json:"interpolated"` // between two levels; it was not measured
	From         string        `json:"from"`         // the level below; where it is not interpolated, the one that costs this; "": not known
	To           string        `json:"to"`           // the level above
	Diff         *jsonInterval `json:"diff"`
	Ratio        *jsonInterval `json:"ratio"`
	Why          string        `json:"unknown"` // why it is not known; "": it is
}

// jsonFaultChance is one fault under all policies.
type jsonFaultChance struct {
	Fault     string       `json:"fault"`
	Signal    string       `json:"signal"`           // where its evidence is: logs, spans, metrics; "": no query finds it
	Passes    int          `json:"passes"`           // that were judged
	Diagnosed int          `json:"passes_diagnosed"` // of these, as recorded
	Bearing   int          `json:"traces"`           // that bear the evidence
	Sampled   bool         `json:"sampled"`          // a policy may drop evidence of it
	Why       string       `json:"unknown"`          // why it is not known what policies keep; "": it is
	Detected  int          `json:"passes_detected"`  // by alerts that need nothing that a policy drops
	Open      int          `json:"passes_open"`      // detected by other alerts only: not known under a policy
	By        []string     `json:"open_alerts"`      // these
	Chances   []jsonChance `json:"chances"`          // by policy; empty where it is not known
}

type jsonChance struct {
	Chance   number `json:"chance"`       // that a pass is diagnosed
	Half     number `json:"half_seconds"` // from the confirmed effect until that reaches one half; null: it does not, or is not known
	Measured int    `json:"measured"`     // passes that were diagnosed at the level that samples so
	Of       int    `json:"of"`           // passes that were judged there; 0: no level does
}

func jsonResampledOf(o *resample.Outcome) *jsonResampled {
	if o == nil {
		return nil
	}
	out := &jsonResampled{
		Level: o.Level, KeptLogs: o.KeptLogs, Traces: o.Traces, Nameless: o.Nameless, Whole: jsonPolicyOf(o.Whole), Policies: []jsonPolicy{},
		Faults: []jsonFaultChance{}, Apart: listed(o.Apart), About: listed(o.Notes),
	}
	for _, p := range o.Points {
		out.Policies = append(out.Policies, jsonPolicyOf(p))
	}
	for _, f := range o.Faults {
		one := jsonFaultChance{f.ID, f.Signal, f.Judged, f.Diagnosed, f.Bearing, f.Sampled, f.Why, f.Detected, f.Open, listed(f.By), []jsonChance{}}
		for _, c := range f.Cells {
			one.Chances = append(one.Chances, jsonChance{number(c.Chance), number(c.Half), c.Measured, c.MeasuredOf})
		}
		out.Faults = append(out.Faults, one)
	}
	return out
}

func jsonPolicyOf(p resample.Point) jsonPolicy {
	out := jsonPolicy{p.Policy.Text, number(p.Traces), number(p.Spans), number(p.InFaults), number(p.Diagnosed), p.Of, p.Measured, number(p.Found), []jsonPolicyCost{}}
	for _, c := range p.Costs {
		out.Costs = append(out.Costs, jsonPolicyCost{c.Effect.Metric.ID, c.Interpolated(), c.From, c.To,
			jsonIntervalOf(c.Effect.Diff), jsonIntervalOf(c.Effect.Ratio), c.Why})
	}
	return out
}
