package reports

import (
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// compareJSON writes a comparison for programs. Its shape is that of jsonComparison; see docs/schema/compare.schema.json. The
// rules for numbers and lists are those of report.json.
func compareJSON(c *verdict.Comparison) ([]byte, error) {
	notes := &footnotes{}
	out := jsonComparison{
		Schema: jsonSchema, Confidence: number(c.Confidence), Headline: comparisonHeadline(c), Void: listed(c.Void), Warnings: listed(c.Warnings), A: jsonSideOf(c.A), B: jsonSideOf(c.B),
		Baseline: []jsonPair{}, Hops: []jsonHopDifference{}, Catch: []jsonFaultDifference{},
	}
	for _, p := range c.Baseline {
		out.Baseline = append(out.Baseline, jsonPair{p.Metric.ID, number(p.A), number(p.B)})
	}
	out.Levels = jsonLevelDifferences(c.Levels, notes)
	for _, h := range c.Hops {
		out.Hops = append(out.Hops, jsonHopDifference{h.Name, h.Outside, h.Note, jsonLevelDifferences(h.Levels, notes)})
	}
	for _, f := range c.Catch {
		fault := jsonFaultDifference{f.Fault.ID, f.Pass, []jsonCellPair{}}
		for _, p := range f.Cells {
			fault.Cells = append(fault.Cells, jsonCellPair{p.Level, jsonCellOf(p.Level, p.A, notes), jsonCellOf(p.Level, p.B, notes), p.Changed()})
		}
		out.Catch = append(out.Catch, fault)
	}
	for _, note := range c.Notes {
		notes.number(note)
	}
	out.Notes = listed(notes.texts)
	return indented(out)
}

// jsonComparison is the comparison of two runs, A and B.
type jsonComparison struct {
	Schema     int                   `json:"schema"` // that of report.json
	Confidence number                `json:"confidence"`
	Headline   []string              `json:"headline"` // what the comparison shows, in one to three sentences
	Void       []string              `json:"void"`     // why the runs cannot be compared; empty: they can
	Warnings   []string              `json:"warnings"` // in what the runs differ
	A          jsonSide              `json:"a"`
	B          jsonSide              `json:"b"`
	Baseline   []jsonPair            `json:"baseline"` // values of both baselines, in the unit of their metric
	Levels     []jsonLevelDifference `json:"levels"`
	Hops       []jsonHopDifference   `json:"hops"`  // where the time goes: those that the answers of both runs name
	Catch      []jsonFaultDifference `json:"catch"` // by fault
	Notes      []string              `json:"notes"` // footnotes; a note is a 1-based index into it
}

type jsonSide struct {
	Run     jsonRun  `json:"run"`     // as in report.json
	Outcome string   `json:"outcome"` // that of the controls, without budgets
	Reasons []string `json:"reasons"`
}

type jsonPair struct {
	Metric string `json:"metric"`
	A      number `json:"a"`
	B      number `json:"b"`
}

type jsonLevelDifference struct {
	Level  string           `json:"level"`
	Values []jsonDifference `json:"values"`
}

// jsonHopDifference is by how much longer than at the baseline of its own run one hop takes by itself.
type jsonHopDifference struct {
	Name    string                `json:"name"`    // as the answers name it; "" for what is outside
	Outside bool                  `json:"outside"` // what no hop took: the way between the load generator and the system
	Doubt   string                `json:"doubt"`   // what makes the numbers doubtful; "" if nothing does
	Levels  []jsonLevelDifference `json:"levels"`  // the median and the 95th percentile
}

func jsonLevelDifferences(levels []verdict.LevelDifference, notes *footnotes) []jsonLevelDifference {
	out := []jsonLevelDifference{}
	for _, l := range levels {
		level := jsonLevelDifference{l.Level, []jsonDifference{}}
		for _, d := range l.Metrics {
			level.Values = append(level.Values, jsonDifference{d.Metric.ID, string(d.Metric.Unit), jsonChangeOf(d.A), jsonChangeOf(d.B),
				jsonChangeOf(differenceEffect(d)), notes.number(d.Note)})
		}
		out = append(out, level)
	}
	return out
}

type jsonDifference struct {
	Metric     string     `json:"metric"`
	Unit       string     `json:"unit"`
	A          jsonChange `json:"a"`
	B          jsonChange `json:"b"`
	Difference jsonChange `json:"difference"`     // ratio: (1 + b.ratio) / (1 + a.ratio) − 1; diff: b.diff − a.diff
	Note       int        `json:"note,omitempty"` // 1-based index into notes
}

type jsonChange struct {
	Diff        *jsonInterval `json:"diff"`
	Ratio       *jsonInterval `json:"ratio"`
	Significant bool          `json:"significant"`
	Rounds      int           `json:"rounds,omitempty"`
}

type jsonFaultDifference struct {
	Fault string         `json:"fault"`
	Pass  int            `json:"pass,omitempty"` // counts further passes of the fault, from 1
	Cells []jsonCellPair `json:"cells"`
}

type jsonCellPair struct {
	Level string   `json:"level"`
	A     jsonCell `json:"a"` // as the cells in report.json
	B     jsonCell `json:"b"`

	Changed bool `json:"changed"` // the state differs, or whether the cause was named
}

func jsonSideOf(s verdict.Side) jsonSide {
	return jsonSide{jsonRunOf(s.Run, s.Load), string(s.Outcome), listed(s.Reasons)}
}

func jsonChangeOf(e verdict.Effect) jsonChange {
	return jsonChange{jsonIntervalOf(e.Diff), jsonIntervalOf(e.Ratio), e.Significant, e.Rounds}
}
