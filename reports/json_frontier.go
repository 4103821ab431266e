package reports

import (
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// jsonFrontier is what every level costs against what it catches.
type jsonFrontier struct {
	By         string              `json:"by"`         // the metric by which a level is cheap; "": by the order of the levels
	Lacks      string              `json:"lacks"`      // which half is not there, and why
	Confidence number              `json:"confidence"` // of the intervals of shares, which are Clopper–Pearson's
	Points     []jsonFrontierPoint `json:"points"`     // by level, the baseline first
	Choices    []jsonChoice        `json:"choices"`    // of all faults, then of each kind where there are several
	Inversions []jsonInversion     `json:"inversions"` // faults that a lower level detected and a higher one missed
	Sampling   []jsonSampling      `json:"sampling"`   // of faults whose evidence is in spans
}

type jsonFrontierPoint struct {
	Level       string         `json:"level"`
	Costs       []jsonValue    `json:"costs"`        // over the baseline
	Detected    jsonShare      `json:"detected"`     // of the faults that were judged
	Diagnosed   jsonShare      `json:"diagnosed"`    // likewise
	Precision   jsonShare      `json:"precision"`    // of the alerts that fired in a pass, those that its fault explains
	Predicted   number         `json:"predicted"`    // share of the faults that sampling by a ratio should let the level diagnose; null: none
	Groups      []jsonKind     `json:"groups"`       // by kind of fault
	Severities  []jsonSeverity `json:"severities"`   // of the alert that detected first
	States      []jsonState    `json:"states"`       // passes by state
	DominatedBy []string       `json:"dominated_by"` // levels that surely cost no more and caught all that this one did
	Rivals      []jsonRival    `json:"rivals"`       // levels that might be such
}

// jsonShare is some of several. A fault that is injected several times adds the part of its passes.
type jsonShare struct {
	Yes   number        `json:"yes"`
	Of    number        `json:"of"`
	Share *jsonInterval `json:"share"`
}

type jsonKind struct {
	Group     string    `json:"group"`
	Detected  jsonShare `json:"detected"`
	Diagnosed jsonShare `json:"diagnosed"`
}

type jsonSeverity struct {
	Severity string    `json:"severity"` // "": the rule has none
	Detected jsonShare `json:"detected"`
}

type jsonState struct {
	State  string `json:"state"`
	Passes int    `json:"passes"`
}

type jsonRival struct {
	Level  string   `json:"level"`
	Unsure []string `json:"unsure"` // metrics of which it may cost more: the run cannot tell
}

type jsonChoice struct {
	Group     string    `json:"group"`  // "": all faults
	Faults    int       `json:"faults"` // that were judged at one level at least
	Detects   jsonPick  `json:"detects"`
	Diagnoses jsonPick  `json:"diagnoses"`
	Step      *jsonStep `json:"step"` // from the one to the other; null where there is none
}

// jsonPick is the cheapest of the levels that catch the most.
type jsonPick struct {
	Level  string   `json:"level"`  // "": no level catches any
	Caught int      `json:"caught"` // faults that it catches in all passes
	Any    int      `json:"any"`    // faults that some level does
	Like   []string `json:"like"`   // levels that catch as many, and whose cost cannot be told from its own
}

type jsonStep struct {
	From  string      `json:"from"`
	To    string      `json:"to"`
	Costs []jsonValue `json:"costs"` // to over from
}

type jsonInversion struct {
	Fault    string     `json:"fault"`
	Detected []string   `json:"detected"` // the lower levels
	Missed   []jsonMiss `json:"missed"`   // the higher ones
}

type jsonMiss struct {
	Level string `json:"level"`
	State string `json:"state"`
}

// jsonSampling is what sampling by a ratio should show of a fault, and what it did.
type jsonSampling struct {
	Fault  string        `json:"fault"`
	From   string        `json:"from"`  // the level that tells in how many requests the fault shows
	Shows  *jsonInterval `json:"shows"` // share of the requests
	Levels []jsonSampled `json:"levels"`
}

type jsonSampled struct {
	Level     string        `json:"level"`
	Kept      number        `json:"kept"`             // share of the traces that the sampler keeps
	Requests  *jsonInterval `json:"requests_needed"`  // until a trace of the fault is kept with 95 %
	Seconds   *jsonInterval `json:"needed_seconds"`   // at the load of the catch
	Chance    number        `json:"chance"`           // that one is kept in a pass
	Sent      number        `json:"requests_sent"`    // while the fault was in force
	Found     number        `json:"traces_found"`     // by the evidence query; in older runs spans
	First     number        `json:"first_seconds"`    // from the confirmed effect to the first of them; null: not known
	Passes    int           `json:"passes"`           // that were judged
	Diagnosed int           `json:"passes_diagnosed"` // of these
}

func jsonFrontierOf(f *verdict.Frontier, notes *footnotes) *jsonFrontier {
	if f == nil {
		return nil
	}
	out := &jsonFrontier{f.By.ID, f.Lacks, catch.TallyConfidence, []jsonFrontierPoint{}, []jsonChoice{}, []jsonInversion{}, []jsonSampling{}}
	for _, p := range f.Points {
		out.Points = append(out.Points, jsonPointOf(p, notes))
	}
	for _, c := range f.Choices {
		one := jsonChoice{Group: c.Group, Faults: c.Faults, Detects: jsonPickOf(c.Detects), Diagnoses: jsonPickOf(c.Diagnoses)}
		if c.Step != nil {
			one.Step = &jsonStep{c.Step.From, c.Step.To, jsonCostsOf(c.Step.Costs, notes)}
		}
		out.Choices = append(out.Choices, one)
	}
	for _, i := range f.Inversions {
		one := jsonInversion{i.Fault, listed(i.Detected), []jsonMiss{}}
		for _, m := range i.Missed {
			one.Missed = append(one.Missed, jsonMiss{m.Level, string(m.State)})
		}
		out.Inversions = append(out.Inversions, one)
	}
	for _, s := range f.Sampling {
		one := jsonSampling{s.Fault, s.From, jsonIntervalOf(s.Shows), []jsonSampled{}}
		for _, l := range s.Levels {
			one.Levels = append(one.Levels, jsonSampled{l.Level, number(l.Kept), jsonIntervalOf(l.Need), jsonIntervalOf(l.Seconds), number(l.Chance),
				number(l.Requests), number(l.Found), number(l.First), l.Passes, l.Diagnosed})
		}
		out.Sampling = append(out.Sampling, one)
	}
	return out
}

func jsonPointOf(p verdict.Point, notes *footnotes) jsonFrontierPoint {
	out := jsonFrontierPoint{
		Level: p.Level, Costs: jsonCostsOf(p.Costs, notes), Detected: jsonShareOf(p.Catch.Detected), Diagnosed: jsonShareOf(p.Catch.Diagnosed),
		Precision: jsonShareOf(p.Catch.Precision), Predicted: number(p.Predicted), Groups: []jsonKind{}, Severities: []jsonSeverity{},
		States: []jsonState{}, DominatedBy: listed(p.DominatedBy), Rivals: []jsonRival{},
	}
	for _, g := range p.Catch.Groups {
		out.Groups = append(out.Groups, jsonKind{g.Group, jsonShareOf(g.Detected), jsonShareOf(g.Diagnosed)})
	}
	for _, s := range p.Catch.Severities {
		out.Severities = append(out.Severities, jsonSeverity{s.Severity, jsonShareOf(s.Detected)})
	}
	for _, s := range p.Catch.States {
		out.States = append(out.States, jsonState{string(s.State), s.N})
	}
	for _, r := range p.Rivals {
		one := jsonRival{r.Level, []string{}}
		for _, m := range r.Unsure {
			one.Unsure = append(one.Unsure, m.ID)
		}
		out.Rivals = append(out.Rivals, one)
	}
	return out
}

func jsonCostsOf(costs []verdict.Effect, notes *footnotes) []jsonValue {
	out := []jsonValue{}
	for _, e := range costs {
		detectable := number(e.Detectable)
		out = append(out, jsonValue{
			Metric: e.Metric.ID, Value: number(e.Value), Diff: jsonIntervalOf(e.Diff), Ratio: jsonIntervalOf(e.Ratio),
			Significant: &e.Significant, Detectable: &detectable, Rounds: e.Rounds, Note: notes.number(e.Note),
		})
	}
	return out
}

func jsonShareOf(s catch.Share) jsonShare {
	return jsonShare{number(s.Yes), number(s.Of), jsonIntervalOf(verdict.Interval(s.Interval))}
}

func jsonPickOf(p verdict.Pick) jsonPick { return jsonPick{p.Level, p.Caught, p.Any, listed(p.Like)} }
