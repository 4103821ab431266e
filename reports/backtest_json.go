package reports

import (
	"github.com/tollgate-dev/tollgate/internal/backtest"
)

// backtestJSON writes a backtest for programs. Its shape is that of jsonBacktest; see docs/schema/backtest.schema.json. The rules
// for numbers and lists are those of report.json.
func backtestJSON(c *backtest.Comparison) ([]byte, error) {
	notes := &footnotes{}
	out := jsonBacktest{
		Schema: jsonSchema, Run: c.Run.ID, Lapse: number(c.Run.Lapse), Took: inSeconds(c.Took),
		First: jsonRulesOf(c.First), Second: jsonRulesOf(c.Second), Levels: []jsonTally{}, Catch: []jsonTested{}, About: listed(c.Notes),
		History: jsonHistoryOf(c.History), Sampling: jsonResampledOf(c.Sampling),
	}
	for _, n := range c.Counts {
		out.Levels = append(out.Levels, jsonTally{n.Level, n.Passes, jsonCounts(n.First), jsonCounts(n.Second)})
	}
	for _, row := range c.Rows {
		tested := jsonTested{row.Fault, row.Pass, []jsonTestedCell{}}
		for _, p := range row.Cells {
			tested.Cells = append(tested.Cells, jsonTestedCell{p.Level, p.Differs, jsonCellOf(p.Level, p.First, notes), jsonCellOf(p.Level, p.Second, notes)})
		}
		out.Catch = append(out.Catch, tested)
	}
	out.Notes = listed(notes.texts)
	return indented(out)
}

// jsonBacktest is two sets of alert rules on the same recorded faults.
type jsonBacktest struct {
	Schema int          `json:"schema"` // that of report.json
	Run    string       `json:"run"`    // the ID of the run
	Lapse  number       `json:"lapse"`  // durations in rules were divided by it
	Took   number       `json:"took_seconds"`
	First  jsonRules    `json:"first"`  // of the run, or of the first rules; without a name where no rules were evaluated
	Second jsonRules    `json:"second"` // what is compared with it
	Levels []jsonTally  `json:"levels"`
	Catch  []jsonTested `json:"catch"` // by pass

	History  *jsonHistory   `json:"history,omitempty"`  // synthetic, before the series; null: there was none
	Sampling *jsonResampled `json:"sampling,omitempty"` // of other sampling of traces and logs, where it was asked for
	About    []string       `json:"about"`              // what to know of the run's series
	Notes    []string       `json:"notes"`              // footnotes of cells; a note is a 1-based index into it
}

// jsonRules is one set of rules.
type jsonRules struct {
	Name     string     `json:"name"`
	Recorded bool       `json:"recorded"`      // the run itself evaluated them
	Alerts   int        `json:"alerts"`        // how many alerting rules there are
	Useful   []jsonUsed `json:"fired_for"`     // alerts that fired for a fault that expects them
	Others   []jsonUsed `json:"fired_besides"` // alerts that fired, and for no fault that expects them
	Never    []string   `json:"never_fired"`
	Switches []string   `json:"dead_mans_switches"`
	Notes    []string   `json:"notes"` // what to know of the replay
}

// jsonUsed is an alert with the faults in whose passes it fired.
type jsonUsed struct {
	Alert  string   `json:"alert"`
	Faults []string `json:"faults"`
}

// jsonTally is what one level comes to.
type jsonTally struct {
	Level  string     `json:"level"`
	Passes int        `json:"passes"` // with a confirmed fault
	First  jsonCounts `json:"first"`
	Second jsonCounts `json:"second"`
}

type jsonCounts struct {
	Detected int `json:"detected"`     // passes
	False    int `json:"false_alarms"` // alerts, once in each pass; without those that always fire
}

// jsonTested is one pass of a fault.
type jsonTested struct {
	Fault string           `json:"fault"`
	Pass  int              `json:"pass,omitempty"` // counts further passes of the fault, from 1
	Cells []jsonTestedCell `json:"cells"`
}

type jsonTestedCell struct {
	Level   string   `json:"level"`
	Differs bool     `json:"differs"` // in state, first alert, time to detect by more than an evaluation, or false alarms
	First   jsonCell `json:"first"`   // as the cells in report.json
	Second  jsonCell `json:"second"`
}

func jsonRulesOf(s backtest.Side) jsonRules {
	out := jsonRules{
		Name: s.Name, Recorded: s.Recorded, Alerts: len(s.Alerts), Useful: []jsonUsed{}, Others: []jsonUsed{},
		Never: listed(s.Coverage.Never), Switches: listed(s.Coverage.Switches), Notes: listed(s.Notes),
	}
	for _, u := range s.Coverage.Useful {
		out.Useful = append(out.Useful, jsonUsed(u))
	}
	for _, u := range s.Coverage.Others {
		out.Others = append(out.Others, jsonUsed(u))
	}
	return out
}
