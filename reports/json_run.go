package reports

import (
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// jsonRun is what ran where.
type jsonRun struct {
	ID          string            `json:"id"`
	Status      string            `json:"status"`  // running, complete or partial
	Reason      string            `json:"reason"`  // why it is partial
	Started     *string           `json:"started"` // RFC 3339, UTC
	Ended       *string           `json:"ended"`   // likewise; null: it was killed
	Version     string            `json:"version"` // of tollgate
	Go          string            `json:"go"`
	Modules     map[string]string `json:"modules"`     // versions of the libraries that shape a result
	Environment string            `json:"environment"` // process, containers or external
	Profile     string            `json:"profile"`
	Experiment  string            `json:"experiment"` // the effective experiment file, YAML
	Seed        int64             `json:"seed"`
	Journeys    string            `json:"journeys"` // population, or the recording that was replayed
	Machine     jsonMachine       `json:"machine"`
	Plan        jsonPlan          `json:"plan"`
	Levels      []jsonLevel       `json:"levels"` // the baseline first
	Alerts      []jsonAlert       `json:"alerts"`
	Lapse       number            `json:"lapse"`    // rule durations were divided by this factor
	StartUp     []jsonStartUp     `json:"start_up"` // one per launch
	Warnings    []string          `json:"warnings"`
	RuleNotes   []result.RuleNote `json:"rule_notes"`
	History     *jsonHistory      `json:"history,omitempty"` // synthetic, before the series; null: there was none
}

type jsonMachine struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	Kernel    string `json:"kernel"`
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	MemoryMiB int64  `json:"memory_mb"` // in MiB
	Hostname  string `json:"hostname,omitempty"`
}

type jsonPlan struct {
	Launches      int    `json:"launches"`
	Rounds        int    `json:"rounds"` // per launch
	Slot          number `json:"slot_seconds"`
	Slice         number `json:"slice_seconds"` // the arms of a round alternated after so much of their slots; 0: after whole slots
	Washout       number `json:"washout_seconds"`
	Rate          number `json:"rate_per_second"`       // requests in a toll slot
	CatchRate     number `json:"catch_rate_per_second"` // requests per arm while faults are injected
	ClientTimeout number `json:"client_timeout_seconds"`
	Step          string `json:"step,omitempty"` // of a script of the user's own; recommend without

	Made      number `json:"made_rate_per_second"` // null where it is not known
	MadeCatch number `json:"made_catch_rate_per_second"`
	Expected  number `json:"expected_rate_per_second"` // of the toll, before the run
	GapLimit  number `json:"gap_limit_seconds"`        // of recorded sessions; 0: none
}

type jsonLevel struct {
	Name  string            `json:"name"`
	Title string            `json:"title"`
	Env   map[string]string `json:"env"` // values that may be secret, or parts of them, are replaced by [redacted]
}

type jsonAlert struct {
	Name           string `json:"name"`
	Group          string `json:"group"`
	Needs          string `json:"needs"` // the signal that it needs: outside, metrics, logs or traces
	Summary        string `json:"summary"`
	Expr           string `json:"expr"`                 // as written
	RunExpr        string `json:"run_expr"`             // time-lapsed
	For            number `json:"for_seconds"`          // as written
	RunFor         number `json:"run_for_seconds"`      // time-lapsed
	LeastDetect    number `json:"least_detect_seconds"` // the least time to detect in this run
	MinImpressions int64  `json:"min_impressions"`      // slates that it needs inside its window to see its effect; 0: any number

	ID          string            `json:"id"` // the name, with labels where several rules have the name
	Labels      map[string]string `json:"labels,omitempty"`
	Interval    *number           `json:"interval_seconds"` // of its group; null in older runs
	QueryOffset number            `json:"query_offset_seconds"`
}

type jsonStartUp struct {
	Launch    int    `json:"launch"`
	Total     number `json:"total_seconds"`
	Slowest   string `json:"slowest"`   // what was ready last
	Processes int    `json:"processes"` // or containers

	Parts map[string]number `json:"parts_seconds,omitempty"` // by container
}

type jsonCatch struct {
	Levels   []string       `json:"levels"`
	Faults   []jsonFault    `json:"faults"`
	Standing []jsonStanding `json:"standing_alerts"`
	Alarms   []jsonAlarms   `json:"alarms"` // by level: alerts that fired without a fault

	Repeats  []jsonRepeats  `json:"repeats"`  // by fault and level: faults that were injected more than once
	Coverage []jsonCoverage `json:"coverage"` // by alert: what made it fire
	Waivers  []jsonWaiver   `json:"waivers"`  // what somebody has accepted until a day
	// Stories are missing where the run kept no examples of evidence.
	Stories []jsonStory `json:"stories,omitempty"`
}

type jsonAlarms struct {
	Level   string        `json:"level"`
	Clean   number        `json:"clean_seconds"` // time without a fault that was watched
	N       int           `json:"alarms"`        // alerts that began to fire in it
	PerHour *jsonInterval `json:"per_hour"`      // at 95 %; hi is 3 / time where there was none
}

// jsonFelt is what users felt of a pass, from the load generator alone.
type jsonFelt struct {
	Felt          bool            `json:"felt"`          // some change is significant and matters
	Blunt         bool            `json:"blunt"`         // none is, and the pass is too short to tell
	Confidence    number          `json:"confidence"`    // of every interval
	Pooled        []jsonFeeling   `json:"pooled"`        // over all levels at which the effect was confirmed
	Levels        []jsonFeltLevel `json:"levels"`        // each of these
	Disagreements []string        `json:"disagreements"` // with what the catalogue claims
}

type jsonFeltLevel struct {
	Level   string        `json:"level"`
	Changes []jsonFeeling `json:"changes"`
}

type jsonFeeling struct {
	Feeling string        `json:"feeling"`
	Clean   number        `json:"clean"` // share, or seconds, before the fault
	Fault   number        `json:"fault"` // under it
	Diff    *jsonInterval `json:"diff"`  // fault − clean
	Felt    bool          `json:"felt"`  // the interval excludes 0, and the change matters
	Blunt   bool          `json:"blunt"` // not felt, and a large change might not have been either
}

type jsonStanding struct {
	Alert  string   `json:"alert"`
	Switch bool     `json:"dead_mans_switch"`
	Levels []string `json:"levels"`
	Broken []string `json:"broken"`
}

type jsonFault struct {
	ID       string      `json:"id"`
	Title    string      `json:"title"`
	Pass     int         `json:"pass,omitempty"` // counts further passes of the fault, from 1
	Felt     string      `json:"felt"`           // what a user of the system feels
	Measured *jsonFelt   `json:"felt_measured"`  // null: not measured
	Expect   []string    `json:"expect"`         // alerts that should fire; one is enough
	Allow    []string    `json:"allow"`          // other alerts that may fire because of it
	Evidence string      `json:"evidence"`       // the query that names the cause
	Skipped  string      `json:"skipped"`        // why it was not injected
	Start    *string     `json:"start"`
	End      *string     `json:"end"`
	Phases   []jsonPhase `json:"phases"`
	Cells    []jsonCell  `json:"cells"` // by level

	Params map[string]string `json:"params,omitempty"` // of the fault in this pass, with units
	Size   number            `json:"size,omitempty"`   // of what is swept, in the unit of limits; missing: nothing is
}

type jsonPhase struct {
	Name  string  `json:"name"`
	Start *string `json:"start"`
	End   *string `json:"end"`
}

type jsonCell struct {
	Level       string     `json:"level"`
	State       string     `json:"state"`                   // what became of the fault at the level
	Alert       string     `json:"alert"`                   // the first expected one that fired
	Detect      *number    `json:"detect_seconds"`          // from the confirmation of the effect to the alert
	Injected    *number    `json:"since_injection_seconds"` // from the injection to the alert
	LeastDetect *number    `json:"least_detect_seconds"`
	Clear       *number    `json:"clear_seconds"` // from the revert until it cleared; null: not seen
	Confirmed   *string    `json:"confirmed"`
	Reverted    *string    `json:"reverted"`
	Cannot      []string   `json:"cannot_fire"`  // expected alerts that could not fire, and why
	Also        []string   `json:"also"`         // other alerts that fired and may
	False       []string   `json:"false_alarms"` // alerts in a clean window, or that the fault does not explain
	Evidence    string     `json:"evidence"`
	Diagnosed   bool       `json:"diagnosed"`      // the evidence named the cause during the fault, and not before
	Spans       []jsonSpan `json:"alert_spans"`    // when each alert was pending and firing
	Note        int        `json:"note,omitempty"` // 1-based index into notes

	Synthetic []string `json:"judged_on_history,omitempty"` // alerts behind the state, or false alarms, that looked back at synthetic history
}

type jsonSpan struct {
	Alert    string  `json:"alert"`
	State    string  `json:"state"`
	Expected bool    `json:"expected"`
	Start    *string `json:"start"`
	End      *string `json:"end"`
}

func jsonRunOf(r result.Run, load verdict.Load) jsonRun {
	out := jsonRun{
		ID: r.ID, Status: r.Status, Reason: r.Reason, Started: moment(r.Started), Ended: moment(r.Ended),
		Version: r.Tool.Version, Go: r.Tool.Go, Modules: r.Tool.Modules, Environment: r.Environment, Profile: r.Profile,
		Experiment: r.Experiment, Seed: r.Seed, Journeys: r.Journeys, Machine: jsonMachine(r.Machine),
		Plan: jsonPlan{r.Plan.Launches, r.Plan.Rounds, inSeconds(r.Plan.Slot), inSeconds(r.Plan.Slice), inSeconds(r.Plan.Washout), number(r.Plan.Rate),
			number(r.Plan.CatchRate), inSeconds(r.Plan.ClientTimeout), r.Plan.Step,
			number(load.Toll.Made), number(load.Catch.Made), number(load.Toll.Expected), inSeconds(r.Plan.GapLimit)},
		Levels: []jsonLevel{}, Alerts: []jsonAlert{}, Lapse: number(r.Lapse), StartUp: []jsonStartUp{}, Warnings: listed(r.Warnings),
		RuleNotes: listed(r.RuleNotes), History: jsonHistoryOf(r.History),
	}
	for _, l := range r.Levels {
		out.Levels = append(out.Levels, jsonLevel(l))
	}
	for i, al := range r.Alerts {
		one := jsonAlert{
			Name: al.Name, Group: al.Group, Needs: al.Needs, Summary: al.Summary, Expr: al.Expr, RunExpr: al.RunExpr,
			For: inSeconds(al.For), RunFor: inSeconds(al.RunFor), LeastDetect: inSeconds(al.LeastDetect), MinImpressions: al.MinImpressions,
			ID: result.Rules(r.Alerts).ID(i), Labels: al.Labels, QueryOffset: inSeconds(al.QueryOffset),
		}
		if al.Interval > 0 {
			interval := inSeconds(al.Interval)
			one.Interval = &interval
		}
		out.Alerts = append(out.Alerts, one)
	}
	for _, s := range r.StartUp {
		var parts map[string]number
		for part, took := range s.Parts {
			if parts == nil {
				parts = map[string]number{}
			}
			parts[part] = inSeconds(took)
		}
		out.StartUp = append(out.StartUp, jsonStartUp{s.Launch, inSeconds(s.Total), s.Slowest, s.Processes, parts})
	}
	return out
}

func jsonCatchOf(c *catch.Matrix, notes *footnotes) jsonCatch {
	out := jsonCatch{Levels: listed(c.Levels), Faults: []jsonFault{}, Standing: []jsonStanding{}, Stories: jsonStoriesOf(c.Stories),
		Repeats: jsonRepeatsOf(c.Repeats), Coverage: jsonCoverageOf(c.Coverage), Waivers: jsonWaiversOf(c.Waivers)}
	for _, s := range c.Standing {
		out.Standing = append(out.Standing, jsonStanding{s.Alert, s.Switch, listed(s.Levels), listed(s.Broken)})
	}
	out.Alarms = []jsonAlarms{}
	for _, a := range c.Alarms {
		out.Alarms = append(out.Alarms, jsonAlarms{a.Level, inSeconds(a.Clean), a.N, jsonIntervalOf(verdict.Interval(a.PerHour))})
	}
	for _, f := range c.Faults {
		jf := jsonFault{
			Pass: f.Pass, Measured: jsonFeltOf(f),
			ID: f.Fault.ID, Title: f.Fault.Title, Felt: f.Fault.Felt, Expect: listed(f.Fault.Expect), Allow: listed(f.Fault.Allow),
			Evidence: f.Fault.Evidence, Skipped: f.Fault.Skipped, Start: moment(f.Start), End: moment(f.End),
			Phases: []jsonPhase{}, Cells: []jsonCell{}, Params: f.Params, Size: number(f.Size),
		}
		for _, p := range f.Phases {
			jf.Phases = append(jf.Phases, jsonPhase{p.Name, moment(p.Start), moment(p.End)})
		}
		for i, level := range c.Levels {
			jf.Cells = append(jf.Cells, jsonCellOf(level, cellAt(f, i), notes))
		}
		out.Faults = append(out.Faults, jf)
	}
	return out
}

func jsonFeltOf(f catch.Row) *jsonFelt {
	if !f.Felt.Measured() {
		return nil
	}
	out := &jsonFelt{Felt: f.Felt.Any(), Blunt: f.Felt.Blunt(), Confidence: catch.FeltConfidence,
		Pooled: jsonFeelingsOf(f.Felt.Pooled), Levels: []jsonFeltLevel{},
		Disagreements: listed(catch.Disagreements(f.Fault.Signs, f.Felt.Pooled))}
	for _, l := range f.Felt.Levels {
		out.Levels = append(out.Levels, jsonFeltLevel{l.Level, jsonFeelingsOf(l.Changes)})
	}
	return out
}

func jsonFeelingsOf(changes []catch.Change) []jsonFeeling {
	out := []jsonFeeling{}
	for _, c := range changes {
		out = append(out, jsonFeeling{c.Feeling.ID, number(c.Clean), number(c.Fault), jsonIntervalOf(verdict.Interval(c.Diff)), c.Felt, c.Blunt})
	}
	return out
}

// jsonCellOf leaves the times null where nothing was detected, and the time to clear where that was not seen.
func jsonCellOf(level string, c catch.Cell, notes *footnotes) jsonCell {
	out := jsonCell{
		Level: level, State: string(c.State), Alert: c.Alert, Confirmed: moment(c.Confirmed), Reverted: moment(c.Reverted),
		Cannot: listed(c.Cannot), Also: listed(c.Also), False: listed(c.False), Evidence: c.Evidence, Diagnosed: c.Diagnosed, Spans: []jsonSpan{}, Note: notes.number(c.Note), Synthetic: c.Synthetic,
	}
	if c.State == catch.Detected {
		detect, injected, least, clear := inSeconds(c.Detect), inSeconds(c.Injected), inSeconds(c.LeastDetect), inSeconds(c.Clear)
		out.Detect, out.Injected, out.LeastDetect = &detect, &injected, &least
		if c.Clear >= 0 {
			out.Clear = &clear
		}
	}
	for _, s := range c.Spans {
		out.Spans = append(out.Spans, jsonSpan{s.Alert, s.State, s.Expected, moment(s.Start), moment(s.End)})
	}
	return out
}
