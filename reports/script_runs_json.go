package reports

import (
	"github.com/tollgate-dev/tollgate/internal/scriptrun"
)

type jsonScripts struct {
	Of         string             `json:"of"`
	Confidence number             `json:"confidence"`
	Interval   string             `json:"interval"` // which interval is possible, and what it leaves out
	Warnings   []string           `json:"warnings"`
	A          jsonScriptSide     `json:"a"`
	B          jsonScriptSide     `json:"b"`
	Series     []jsonScriptSeries `json:"series"`
}

type jsonScriptSide struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

type jsonScriptSeries struct {
	Name  string           `json:"name"`
	Unit  string           `json:"unit"` // ms, or "" for values without a unit
	NA    int64            `json:"n_a"`  // values; 0: not known
	NB    int64            `json:"n_b"`
	Note  string           `json:"note,omitempty"`
	Stats []jsonScriptStat `json:"stats"`
}

type jsonScriptStat struct {
	Name       string        `json:"name"`
	A          *jsonInterval `json:"a"`
	B          *jsonInterval `json:"b"`
	Difference *jsonInterval `json:"difference"` // B − A; lo and hi are null where no interval is possible
	Differs    bool          `json:"differs"`    // the interval excludes 0
}

func scriptJSON(c *scriptrun.Comparison) ([]byte, error) {
	out := jsonScripts{
		Of: c.Of, Confidence: scriptrun.Confidence, Interval: c.Interval, Warnings: listed(c.Warnings),
		A: jsonScriptSide{c.A.Path, c.A.Text}, B: jsonScriptSide{c.B.Path, c.B.Text}, Series: []jsonScriptSeries{},
	}
	for _, s := range c.Series {
		series := jsonScriptSeries{s.Name, s.Unit, s.NA, s.NB, s.Note, []jsonScriptStat{}}
		for _, stat := range s.Stats {
			series.Stats = append(series.Stats, jsonScriptStat{
				stat.Name, jsonNumbers(stat.A), jsonNumbers(stat.B), jsonNumbers(stat.Difference), stat.Known() && stat.Difference.Excludes(0),
			})
		}
		out.Series = append(out.Series, series)
	}
	return indented(out)
}

func jsonNumbers(iv scriptrun.Interval) *jsonInterval {
	return &jsonInterval{number(iv.Lo), number(iv.Mid), number(iv.Hi)}
}
