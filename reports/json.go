package reports

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// jsonSchema is the version of report.json. Keys may be added within a version; a key that changes its meaning or
// goes away makes a new one.
//
//	2  least_detect_seconds was floor_seconds
const jsonSchema = 2

// renderJSON writes report.json. Its shape is that of jsonReport, whose comments are the descriptions in
// docs/schema/report.schema.json.
//
// Keys ending in _seconds are durations in seconds. value and diff are in the unit of their metric; ratio is
// arm / baseline − 1. A number that cannot be computed, and an end of an interval that is open, is null; so is a
// time that there is not. Lists are never null.
func renderJSON(a *verdict.Analysis) ([]byte, error) {
	notes := &footnotes{}
	out := jsonReport{
		Schema: jsonSchema, Outcome: string(a.Outcome), Reasons: listed(a.Reasons), Headline: headline(a), Confidence: number(a.Confidence), Run: jsonRunOf(a.Run, a.Load),
		Controls: []jsonControl{}, Budgets: []jsonBudget{}, Looks: []jsonLook{}, Metrics: []jsonMetric{}, Toll: jsonTollOf(a, notes), Steps: []jsonStep{}, Money: jsonMoneyOf(a.Money), Contents: jsonContentsOf(a.Contents), Distributions: []jsonDistribution{},
	}
	for _, c := range a.Controls {
		out.Controls = append(out.Controls, jsonControl(c))
	}
	for _, r := range a.Budgets {
		out.Budgets = append(out.Budgets, jsonBudgetOf(r))
	}
	for _, l := range a.Looks {
		out.Looks = append(out.Looks, jsonLook{l.Launches, number(l.Confidence), l.Open})
	}
	for _, m := range metricsOf(a) {
		out.Metrics = append(out.Metrics, jsonMetric{m.ID, m.Title, string(m.Unit), string(m.Per), estimatorOf(m)})
	}
	for _, s := range a.Shapes {
		d := jsonDistribution{s.Arm.Name, pooledEstimator, []jsonPoint{}}
		for _, p := range s.Points {
			d.Points = append(d.Points, jsonPoint{number(p.Q), number(p.Seconds)})
		}
		out.Distributions = append(out.Distributions, d)
	}
	for _, s := range a.Steps {
		out.Steps = append(out.Steps, jsonStep{s.From, s.To, jsonCostsOf(s.Costs, notes)})
	}
	out.Hops = jsonHopsOf(a, notes)
	out.CPU = jsonCPUOf(a.CPU)
	out.Capacity = jsonCapacityOf(a.Capacity, notes)
	out.Limits = jsonLimitsOf(a, notes)
	if a.Catch != nil {
		c := jsonCatchOf(a.Catch, notes)
		out.Catch = &c
	}
	out.Since = jsonFailsSinceOf(a.Since)
	out.Frontier = jsonFrontierOf(a.Frontier, notes)
	for _, note := range a.Notes {
		notes.number(note)
	}
	out.Notes = listed(notes.texts)
	return indented(out)
}

// indented is a value as JSON that people can read, too.
func indented(of any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	err := enc.Encode(of)
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

// UnmarshalJSON implements json.Unmarshaler: null is no number.
func (n *number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// jsonReport is the analysis of one run.
type jsonReport struct {
	Schema        int                `json:"schema"`
	Outcome       string             `json:"outcome"`         // the verdict: pass, fail, inconclusive or invalid
	Reasons       []string           `json:"reasons"`         // why, the most important first
	Headline      []string           `json:"headline"`        // what the run shows, in one to three sentences
	Confidence    number             `json:"confidence"`      // of every interval, e.g. 0.95
	Run           jsonRun            `json:"run"`             // what ran where
	Controls      []jsonControl      `json:"controls"`        // measurements whose true answer is known
	Budgets       []jsonBudget       `json:"budgets"`         // by level, then in the order given
	Looks         []jsonLook         `json:"looks"`           // when the budgets were judged; none where that was once, at the end
	Metrics       []jsonMetric       `json:"metrics"`         // of the toll
	Toll          []jsonArmToll      `json:"toll"`            // what each arm costs; the baseline first
	Steps         []jsonStep         `json:"steps"`           // of each level over the next cheaper one, from cheap to dear
	Money         *jsonMoney         `json:"money"`           // bills per million requests; null without prices
	Contents      []jsonContents     `json:"contents"`        // what the telemetry of every level is made of, the baseline first; none where the run does not tell
	Distributions []jsonDistribution `json:"distributions"`   // response time of the step whose latency is the toll
	Hops          []jsonHop          `json:"hops"`            // where the time of an answer goes; none where answers do not tell
	CPU           *jsonCPU           `json:"cpu"`             // where CPU time goes, by CPU profiles; null when none was to be taken
	Capacity      *jsonCapacity      `json:"capacity"`        // null when it was not to be measured
	Limits        *jsonLimits        `json:"limits"`          // null when nothing was swept
	Catch         *jsonCatch         `json:"catch"`           // null when no fault was run
	Since         *jsonFailsSince    `json:"since,omitempty"` // what earlier runs say; missing: none were given
	Frontier      *jsonFrontier      `json:"frontier"`        // costs against catch; null when no fault was judged
	Notes         []string           `json:"notes"`           // footnotes; a note is a 1-based index into it
}

type jsonControl struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Saw    string `json:"saw"`    // what was seen, with numbers and units
	Want   string `json:"want"`   // what had to be seen
	Remedy string `json:"remedy"` // what to do when it is not ok

	Undecided bool `json:"undecided"` // too little was measured to judge it
}

type jsonBudget struct {
	Budget   string        `json:"budget"` // as it was given
	Level    string        `json:"level"`
	Metric   string        `json:"metric"`            // or what is demanded of the catch: detected, diagnosed, missed ok, false-alarms, fired
	Subject  string        `json:"subject,omitempty"` // the fault or the alert of which that is demanded, or all
	Limit    number        `json:"limit"`             // a ratio when relative, else in the metric's unit; null of a demand on the catch
	Relative bool          `json:"relative"`
	Least    bool          `json:"least"`   // what was seen has to be over the limit, not under it
	Saw      *jsonInterval `json:"saw"`     // as limit; of the catch seconds to detect, a share, or a number
	Outcome  string        `json:"outcome"` // pass, fail or inconclusive
	Sentence string        `json:"sentence"`
}

type jsonLook struct {
	Launches   int    `json:"launches"`   // that were over
	Confidence number `json:"confidence"` // of this look
	Open       int    `json:"open"`       // budgets that it left undecided
}

type jsonMetric struct {
	ID    string `json:"id"` // as budgets name it
	Title string `json:"title"`
	Unit  string `json:"unit"` // s, B, 1 or a currency ("money" where none is named)
	Per   string `json:"per"`  // what it is counted over; "": a single request, or nothing that needs saying

	// Estimator is how a latency is taken, which is another way than that of the distributions; none for another metric.
	Estimator string `json:"estimator,omitempty"`
}

// jsonArm is one deployed copy of the stack.
type jsonArm struct {
	Name  string `json:"name"`
	Level string `json:"level"`
	Role  string `json:"role"`          // baseline, repeat, known-delay or level
	Delay number `json:"delay_seconds"` // nominal, of the known delay
}

type jsonArmToll struct {
	Arm    jsonArm     `json:"arm"`
	Values []jsonValue `json:"values"` // by metric
}

// jsonValue is one metric of one arm; that of the baseline has no diff, no ratio, and what belongs to them.
type jsonValue struct {
	Metric      string        `json:"metric"`
	Value       number        `json:"value"`                 // in the metric's unit
	Diff        *jsonInterval `json:"diff,omitempty"`        // arm − baseline, in the metric's unit
	Ratio       *jsonInterval `json:"ratio,omitempty"`       // arm / baseline − 1
	Significant *bool         `json:"significant,omitempty"` // the interval excludes 0
	Detectable  *number       `json:"detectable,omitempty"`  // the smallest ratio that this run could have seen
	Rounds      int           `json:"rounds,omitempty"`      // rounds, or merged groups of rounds, behind the estimate
	Note        int           `json:"note,omitempty"`        // 1-based index into notes
}

// jsonInterval is an estimate with its interval; an end that is open is null.
type jsonInterval struct {
	Lo  number `json:"lo"`
	Mid number `json:"mid"`
	Hi  number `json:"hi"`
}

type jsonDistribution struct {
	Arm       string      `json:"arm"`
	Estimator string      `json:"estimator"` // how a percentile is taken, which is not that of the toll
	Points    []jsonPoint `json:"points"`    // rising
}

type jsonPoint struct {
	Quantile number `json:"quantile"` // in [0, 1]
	Seconds  number `json:"seconds"`
}

func jsonBudgetOf(r verdict.BudgetResult) jsonBudget {
	out := jsonBudget{Budget: r.Budget.Text, Level: r.Level, Metric: r.Budget.Metric, Limit: number(r.Budget.Limit), Relative: r.Budget.Relative, Least: r.Budget.Least,
		Saw: jsonIntervalOf(r.Saw), Outcome: string(r.Outcome), Sentence: r.Sentence}
	if d := r.Budget.Catch; d.Kind != "" {
		out.Metric, out.Subject, out.Limit = string(d.Kind), d.Subject, number(math.NaN())
	}
	return out
}

func jsonArmOf(arm result.Arm) jsonArm {
	return jsonArm{arm.Name, arm.Level, arm.Role, number(arm.Delay.Seconds())}
}

func jsonTollOf(a *verdict.Analysis, notes *footnotes) []jsonArmToll {
	return jsonArmTolls(baselineArm(a), a.Baseline, a.Toll, notes)
}

// jsonArmTolls are the values of the baseline and what the other arms cost over them.
func jsonArmTolls(baseline result.Arm, values []verdict.Absolute, tolls []verdict.LevelToll, notes *footnotes) []jsonArmToll {
	base := jsonArmToll{jsonArmOf(baseline), []jsonValue{}}
	for _, b := range values {
		base.Values = append(base.Values, jsonValue{Metric: b.Metric.ID, Value: number(b.Value)})
	}
	out := []jsonArmToll{base}
	for _, t := range tolls {
		out = append(out, jsonArmToll{jsonArmOf(t.Arm), jsonCostsOf(t.Effects, notes)})
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
