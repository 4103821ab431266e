package reports

import (
	"github.com/tollgate-dev/tollgate/internal/since"
)

// sinceJSON writes a series for programs. Its shape is that of jsonSince; see docs/schema/since.schema.json. The rules for numbers and
// lists are those of report.json.
func sinceJSON(h *since.History) ([]byte, error) {
	out := jsonSince{Schema: jsonSchema, Headline: sinceHeadline(h), FalseAlarms: number(h.FalseAlarms), Least: h.Least,
		Runs: []jsonSinceRun{}, Settings: []jsonSetting{}, Lines: []jsonLine{}, Catch: []jsonFateLine{}}
	for _, r := range h.Runs {
		out.Runs = append(out.Runs, jsonSinceRun{r.Run.ID, r.From, moment(r.Run.Started), r.Setting + 1, r.Run.Tool.Version, r.Left, listed(r.Other)})
	}
	for _, s := range h.Settings {
		first := h.Runs[s.Runs[0]].Run
		out.Settings = append(out.Settings, jsonSetting{first.ID, len(s.Runs), jsonMachine(first.Machine), listed(s.Other)})
	}
	for i := range h.Lines {
		l := &h.Lines[i]
		line := jsonLine{Level: l.Level, Metric: l.Metric.ID, Unit: string(l.Metric.Unit), Ratio: l.Ratio, Values: []*jsonInterval{}, Stretches: []jsonStretch{}}
		for _, iv := range l.Values {
			var value *jsonInterval
			if known(iv.Mid) {
				value = jsonIntervalOf(iv)
			}
			line.Values = append(line.Values, value)
		}
		for _, s := range l.Stretches {
			stretch := jsonStretch{Setting: s.Setting + 1, Since: h.Runs[s.Runs[0]].Run.ID, Runs: len(s.Runs), Level: jsonIntervalOf(s.Level), TooFew: s.Few}
			if s.Changed {
				stretch.Change = jsonIntervalOf(s.Change)
			}
			line.Stretches = append(line.Stretches, stretch)
		}
		out.Lines = append(out.Lines, line)
	}
	for _, l := range h.Cells {
		fate := jsonFateLine{Fault: l.Fault, Level: l.Level, Fates: []*jsonFate{}}
		if from, last := l.Streak(); last >= 0 {
			fate.Since = h.Runs[from].Run.ID
		}
		for _, f := range l.Fates {
			var one *jsonFate
			if f != (since.Fate{}) {
				one = &jsonFate{string(f.State), f.Diagnosed}
			}
			fate.Fates = append(fate.Fates, one)
		}
		out.Catch = append(out.Catch, fate)
	}
	return indented(out)
}

// jsonSince is a series of runs in the order in which they began.
type jsonSince struct {
	Schema      int            `json:"schema"`           // that of report.json
	Headline    []string       `json:"headline"`         // what the series shows, in a few sentences
	FalseAlarms number         `json:"false_alarm_rate"` // how often a line without a change is said to have one
	Least       int            `json:"least_runs"`       // of one setting, for a line to be told anything
	Runs        []jsonSinceRun `json:"runs"`
	Settings    []jsonSetting  `json:"settings"` // how and where runs were made, in the order of their first runs
	Lines       []jsonLine     `json:"lines"`    // by level and metric
	Catch       []jsonFateLine `json:"catch"`    // by fault and level
}

type jsonSinceRun struct {
	ID      string   `json:"id"`
	From    string   `json:"from"` // the run directory or report that was read
	Started *string  `json:"started"`
	Setting int      `json:"setting"`  // 1-based index into settings
	Version string   `json:"version"`  // of tollgate
	Left    string   `json:"left_out"` // why its numbers are not used; "": they are
	Other   []string `json:"other"`    // what is not as in the run before it of the same setting, and may be the cause of a change
}

type jsonSetting struct {
	Since   string      `json:"since"` // ID of its first run
	Runs    int         `json:"runs"`
	Machine jsonMachine `json:"machine"`
	Other   []string    `json:"other"` // how it differs from that of the run before its first one
}

type jsonLine struct {
	Level     string          `json:"level"`
	Metric    string          `json:"metric"`
	Unit      string          `json:"unit"`      // of the metric
	Ratio     bool            `json:"ratio"`     // values are shares of the baseline; else in the metric's unit
	Values    []*jsonInterval `json:"values"`    // by run: change over the baseline; null: none, or left out
	Stretches []jsonStretch   `json:"stretches"` // runs between changes, by setting and in order of time
}

type jsonStretch struct {
	Setting int           `json:"setting"` // 1-based index into settings
	Since   string        `json:"since"`   // ID of its first run
	Runs    int           `json:"runs"`
	Level   *jsonInterval `json:"level"`        // mean of the values, at 95 %; lo and hi are null under three runs
	Change  *jsonInterval `json:"change"`       // over the stretch before: (1 + level) / (1 + before) − 1, or the difference; null: it begins with no change
	TooFew  bool          `json:"too_few_runs"` // the setting has fewer than least_runs
}

type jsonFateLine struct {
	Fault string      `json:"fault"`
	Level string      `json:"level"`
	Since string      `json:"since"` // ID of the first of the newest runs that all have the same fate
	Fates []*jsonFate `json:"fates"` // by run; null: not in the run, or the run is left out
}

type jsonFate struct {
	State     string `json:"state"` // as in the cells of report.json
	Diagnosed bool   `json:"diagnosed"`
}
