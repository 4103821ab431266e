package reports

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// jsonSchema is the version of report.json. Keys may be added within a version; a key that changes its meaning or
// goes away makes a new one.
//
//	2  least_detect_seconds was floor_seconds
const jsonSchema = 2

// renderJSON writes report.json. Its shape:
//
//	schema, outcome, reasons[], confidence           the verdict; confidence is that of every interval, e.g. 0.95
//	run{…}                                            what ran where: id, status, times (RFC 3339, UTC), plan, machine, levels, faults, alerts
//	controls[]{name, ok, saw, want, remedy, undecided} undecided: too little was measured to judge it
//	budgets[]{budget, level, metric, limit, relative, least, saw{lo, mid, hi}, outcome, sentence}
//	                                                  limit and saw are ratios when relative, else in the metric's unit;
//	                                                  least: saw has to be over the limit, not under it
//	looks[]{launches, confidence, open}               when the budgets were judged; none where that was once, at the end
//	metrics[]{id, title, unit, per}                   of the toll; unit is s, B, 1 or a currency ("money" where none is named)
//	toll[]{arm{…}, values[]}                          the baseline first; its values have no diff and no ratio
//	  values[]{metric, value, diff{lo, mid, hi}, ratio{lo, mid, hi}, significant, detectable, rounds, note}
//	money{currency, rate_per_second, bills[]{arm{…}, items[]{item, quantity, unit, price, amount}, total}, left_out[]}
//	                                                  per million requests; the baseline first; null without prices
//	distributions[]{arm, points[]{quantile, seconds}} response time of the step whose latency is the toll
//	capacity{slo_p99_seconds, slo_share, step, launches, arms[]}, null when it was not to be measured
//	  arms[]{arm{…}, rate{lo, mid, hi}, bound, diff, ratio, significant, detectable, slots, void, note}
//	                                                  the baseline first; bound in words, where no limit was found
//	catch{levels[], faults[]{id, skipped, start, end, phases[], cells[]}}, null when no fault was run
//	notes[]                                           footnotes; a note is a 1-based index into it
//
// Keys ending in _seconds are durations in seconds. value and diff are in the unit of their metric; ratio is
// arm / baseline − 1. A number that cannot be computed, and an end of an interval that is open, is null; so is a
// time that there is not. Lists are never null.
func renderJSON(a *verdict.Analysis) ([]byte, error) {
	notes := &footnotes{}
	out := jsonReport{
		Schema: jsonSchema, Outcome: string(a.Outcome), Reasons: listed(a.Reasons), Confidence: number(a.Confidence), Run: jsonRunOf(a.Run, a.Load),
		Controls: []jsonControl{}, Budgets: []jsonBudget{}, Looks: []jsonLook{}, Metrics: []jsonMetric{}, Toll: jsonTollOf(a, notes), Money: jsonMoneyOf(a.Money), Distributions: []jsonDistribution{},
	}
	for _, c := range a.Controls {
		out.Controls = append(out.Controls, jsonControl(c))
	}
	for _, r := range a.Budgets {
		out.Budgets = append(out.Budgets, jsonBudget{r.Budget.Text, r.Level, r.Budget.Metric, number(r.Budget.Limit), r.Budget.Relative, r.Budget.Least,
			jsonIntervalOf(r.Saw), string(r.Outcome), r.Sentence})
	}
	for _, l := range a.Looks {
		out.Looks = append(out.Looks, jsonLook{l.Launches, number(l.Confidence), l.Open})
	}
	for _, m := range metricsOf(a) {
		out.Metrics = append(out.Metrics, jsonMetric{m.ID, m.Title, string(m.Unit), string(m.Per)})
	}
	for _, s := range a.Shapes {
		d := jsonDistribution{s.Arm.Name, []jsonPoint{}}
		for _, p := range s.Points {
			d.Points = append(d.Points, jsonPoint{number(p.Q), number(p.Seconds)})
		}
		out.Distributions = append(out.Distributions, d)
	}
	out.Capacity = jsonCapacityOf(a.Capacity, notes)
	if a.Catch != nil {
		c := jsonCatchOf(a.Catch, notes)
		out.Catch = &c
	}
	for _, note := range a.Notes {
		notes.number(note)
	}
	out.Notes = listed(notes.texts)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	err := enc.Encode(out)
	return b.Bytes(), err
}

// number is a float that is null in JSON where there is no number.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if x := float64(n); math.IsNaN(x) || math.IsInf(x, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

type jsonReport struct {
	Schema        int                `json:"schema"`
	Outcome       string             `json:"outcome"`
	Reasons       []string           `json:"reasons"`
	Confidence    number             `json:"confidence"`
	Run           jsonRun            `json:"run"`
	Controls      []jsonControl      `json:"controls"`
	Budgets       []jsonBudget       `json:"budgets"`
	Looks         []jsonLook         `json:"looks"`
	Metrics       []jsonMetric       `json:"metrics"`
	Toll          []jsonArmToll      `json:"toll"`
	Money         *jsonMoney         `json:"money"`
	Distributions []jsonDistribution `json:"distributions"`
	Capacity      *jsonCapacity      `json:"capacity"`
	Catch         *jsonCatch         `json:"catch"`
	Notes         []string           `json:"notes"`
}

type jsonControl struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Saw    string `json:"saw"`
	Want   string `json:"want"`
	Remedy string `json:"remedy"`

	Undecided bool `json:"undecided"`
}

type jsonBudget struct {
	Budget   string        `json:"budget"`
	Level    string        `json:"level"`
	Metric   string        `json:"metric"`
	Limit    number        `json:"limit"`
	Relative bool          `json:"relative"`
	Least    bool          `json:"least"`
	Saw      *jsonInterval `json:"saw"`
	Outcome  string        `json:"outcome"`
	Sentence string        `json:"sentence"`
}

type jsonLook struct {
	Launches   int    `json:"launches"`
	Confidence number `json:"confidence"`
	Open       int    `json:"open"`
}

type jsonMetric struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Unit  string `json:"unit"`
	Per   string `json:"per"`
}

type jsonArm struct {
	Name  string `json:"name"`
	Level string `json:"level"`
	Role  string `json:"role"`
	Delay number `json:"delay_seconds"`
}

type jsonArmToll struct {
	Arm    jsonArm     `json:"arm"`
	Values []jsonValue `json:"values"`
}

type jsonValue struct {
	Metric      string        `json:"metric"`
	Value       number        `json:"value"`
	Diff        *jsonInterval `json:"diff,omitempty"`
	Ratio       *jsonInterval `json:"ratio,omitempty"`
	Significant *bool         `json:"significant,omitempty"`
	Detectable  *number       `json:"detectable,omitempty"`
	Rounds      int           `json:"rounds,omitempty"`
	Note        int           `json:"note,omitempty"`
}

type jsonInterval struct {
	Lo  number `json:"lo"`
	Mid number `json:"mid"`
	Hi  number `json:"hi"`
}

type jsonDistribution struct {
	Arm    string      `json:"arm"`
	Points []jsonPoint `json:"points"`
}

type jsonPoint struct {
	Quantile number `json:"quantile"`
	Seconds  number `json:"seconds"`
}

func jsonArmOf(arm result.Arm) jsonArm {
	return jsonArm{arm.Name, arm.Level, arm.Role, number(arm.Delay.Seconds())}
}

func jsonTollOf(a *verdict.Analysis, notes *footnotes) []jsonArmToll {
	base := jsonArmToll{jsonArmOf(baselineArm(a)), []jsonValue{}}
	for _, b := range a.Baseline {
		base.Values = append(base.Values, jsonValue{Metric: b.Metric.ID, Value: number(b.Value)})
	}
	out := []jsonArmToll{base}
	for _, t := range a.Toll {
		arm := jsonArmToll{jsonArmOf(t.Arm), []jsonValue{}}
		for _, e := range t.Effects {
			detectable := number(e.Detectable)
			arm.Values = append(arm.Values, jsonValue{
				Metric: e.Metric.ID, Value: number(e.Value), Diff: jsonIntervalOf(e.Diff), Ratio: jsonIntervalOf(e.Ratio),
				Significant: &e.Significant, Detectable: &detectable, Rounds: e.Rounds, Note: notes.number(e.Note),
			})
		}
		out = append(out, arm)
	}
	return out
}

func jsonIntervalOf(iv verdict.Interval) *jsonInterval {
	return &jsonInterval{number(iv.Lo), number(iv.Mid), number(iv.Hi)}
}

// listed is a list that is never null.
func listed[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// moment formats a time in UTC, nil if there is none.
func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339Nano)
	return &s
}

// inSeconds is a duration as a number; exact to the nanosecond.
func inSeconds(d time.Duration) number {
	x, err := strconv.ParseFloat(strconv.FormatFloat(d.Seconds(), 'f', 9, 64), 64)
	if err != nil {
		return number(d.Seconds())
	}
	return number(x)
}
