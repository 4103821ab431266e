package reports

import (
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/result"
)

type jsonRun struct {
	ID          string            `json:"id"`
	Status      string            `json:"status"`
	Reason      string            `json:"reason"`
	Started     *string           `json:"started"`
	Ended       *string           `json:"ended"`
	Version     string            `json:"version"`
	Go          string            `json:"go"`
	Modules     map[string]string `json:"modules"`
	Environment string            `json:"environment"`
	Profile     string            `json:"profile"`
	Experiment  string            `json:"experiment"`
	Seed        int64             `json:"seed"`
	Journeys    string            `json:"journeys"`
	Machine     jsonMachine       `json:"machine"`
	Plan        jsonPlan          `json:"plan"`
	Levels      []jsonLevel       `json:"levels"`
	Alerts      []jsonAlert       `json:"alerts"`
	Lapse       number            `json:"lapse"`
	StartUp     []jsonStartUp     `json:"start_up"`
	Warnings    []string          `json:"warnings"`
	RuleNotes   []result.RuleNote `json:"rule_notes"`
}

type jsonMachine struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	Kernel    string `json:"kernel"`
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	MemoryMiB int64  `json:"memory_mb"`
}

type jsonPlan struct {
	Launches      int    `json:"launches"`
	Rounds        int    `json:"rounds"`
	Slot          number `json:"slot_seconds"`
	Washout       number `json:"washout_seconds"`
	Rate          number `json:"rate_per_second"`
	CatchRate     number `json:"catch_rate_per_second"`
	ClientTimeout number `json:"client_timeout_seconds"`
	Step          string `json:"step,omitempty"` // of a script of the user's own; recommend without
}

type jsonLevel struct {
	Name  string            `json:"name"`
	Title string            `json:"title"`
	Env   map[string]string `json:"env"`
}

type jsonAlert struct {
	Name           string `json:"name"`
	Group          string `json:"group"`
	Needs          string `json:"needs"`
	Summary        string `json:"summary"`
	Expr           string `json:"expr"`
	RunExpr        string `json:"run_expr"`
	For            number `json:"for_seconds"`
	RunFor         number `json:"run_for_seconds"`
	LeastDetect    number `json:"least_detect_seconds"`
	MinImpressions int64  `json:"min_impressions"`
}

type jsonStartUp struct {
	Launch    int    `json:"launch"`
	Total     number `json:"total_seconds"`
	Slowest   string `json:"slowest"`
	Processes int    `json:"processes"`

	Parts map[string]number `json:"parts_seconds,omitempty"` // by container
}

type jsonCatch struct {
	Levels []string    `json:"levels"`
	Faults []jsonFault `json:"faults"`
}

type jsonFault struct {
	ID       string      `json:"id"`
	Title    string      `json:"title"`
	Felt     string      `json:"felt"`
	Expect   []string    `json:"expect"`
	Allow    []string    `json:"allow"`
	Evidence string      `json:"evidence"`
	Skipped  string      `json:"skipped"`
	Start    *string     `json:"start"`
	End      *string     `json:"end"`
	Phases   []jsonPhase `json:"phases"`
	Cells    []jsonCell  `json:"cells"`
}

type jsonPhase struct {
	Name  string  `json:"name"`
	Start *string `json:"start"`
	End   *string `json:"end"`
}

type jsonCell struct {
	Level       string     `json:"level"`
	State       string     `json:"state"`
	Alert       string     `json:"alert"`
	Detect      *number    `json:"detect_seconds"`
	Injected    *number    `json:"since_injection_seconds"`
	LeastDetect *number    `json:"least_detect_seconds"`
	Clear       *number    `json:"clear_seconds"`
	Confirmed   *string    `json:"confirmed"`
	Reverted    *string    `json:"reverted"`
	Also        []string   `json:"also"`
	False       []string   `json:"false_alarms"`
	Evidence    string     `json:"evidence"`
	Diagnosed   bool       `json:"diagnosed"`
	Spans       []jsonSpan `json:"alert_spans"`
	Note        int        `json:"note,omitempty"`
}

type jsonSpan struct {
	Alert    string  `json:"alert"`
	State    string  `json:"state"`
	Expected bool    `json:"expected"`
	Start    *string `json:"start"`
	End      *string `json:"end"`
}

func jsonRunOf(r result.Run) jsonRun {
	out := jsonRun{
		ID: r.ID, Status: r.Status, Reason: r.Reason, Started: moment(r.Started), Ended: moment(r.Ended),
		Version: r.Tool.Version, Go: r.Tool.Go, Modules: r.Tool.Modules, Environment: r.Environment, Profile: r.Profile,
		Experiment: r.Experiment, Seed: r.Seed, Journeys: r.Journeys, Machine: jsonMachine(r.Machine),
		Plan: jsonPlan{r.Plan.Launches, r.Plan.Rounds, inSeconds(r.Plan.Slot), inSeconds(r.Plan.Washout), number(r.Plan.Rate),
			number(r.Plan.CatchRate), inSeconds(r.Plan.ClientTimeout), r.Plan.Step},
		Levels: []jsonLevel{}, Alerts: []jsonAlert{}, Lapse: number(r.Lapse), StartUp: []jsonStartUp{}, Warnings: listed(r.Warnings),
		RuleNotes: listed(r.RuleNotes),
	}
	for _, l := range r.Levels {
		out.Levels = append(out.Levels, jsonLevel(l))
	}
	for _, al := range r.Alerts {
		out.Alerts = append(out.Alerts, jsonAlert{al.Name, al.Group, al.Needs, al.Summary, al.Expr, al.RunExpr,
			inSeconds(al.For), inSeconds(al.RunFor), inSeconds(al.LeastDetect), al.MinImpressions})
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
	out := jsonCatch{Levels: listed(c.Levels), Faults: []jsonFault{}}
	for _, f := range c.Faults {
		jf := jsonFault{
			ID: f.Fault.ID, Title: f.Fault.Title, Felt: f.Fault.Felt, Expect: listed(f.Fault.Expect), Allow: listed(f.Fault.Allow),
			Evidence: f.Fault.Evidence, Skipped: f.Fault.Skipped, Start: moment(f.Start), End: moment(f.End),
			Phases: []jsonPhase{}, Cells: []jsonCell{},
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

// jsonCellOf leaves the times null where nothing was detected, and the time to clear where that was not seen.
func jsonCellOf(level string, c catch.Cell, notes *footnotes) jsonCell {
	out := jsonCell{
		Level: level, State: string(c.State), Alert: c.Alert, Confirmed: moment(c.Confirmed), Reverted: moment(c.Reverted),
		Also: listed(c.Also), False: listed(c.False), Evidence: c.Evidence, Diagnosed: c.Diagnosed, Spans: []jsonSpan{}, Note: notes.number(c.Note),
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
