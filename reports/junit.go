package reports

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// renderJUnit writes JUnit XML with one suite per section.
//
// The file is red exactly when the verdict is not pass, so that it never contradicts the exit code:
//
//	verdict   the outcome as one case: fail is a failure; invalid is an error, for nothing was judged; inconclusive is
//	          an error too, since a gate that cannot tell has not passed
//	controls  a case per control: one that fails is a failure, an undecided one is skipped
//	budgets   a case per budget and level: an exceeded one is a failure, an undecided one is skipped
//	catch     a case per fault and level, classified by the fault. What was caught is information about a level and no
//	          property of the change under test, so missed, noisy and under-powered cells pass and tell in system-out;
//	          skipped, unconfirmed and unfinished cells are skipped, and those in which no expected alert can fire
func renderJUnit(a *verdict.Analysis) ([]byte, error) {
	report := junitReport{Name: "tollgate " + a.Run.ID}
	report.add(junitVerdict(a))
	if len(a.Controls) > 0 {
		report.add(junitControls(a))
	}
	if len(a.Budgets) > 0 {
		report.add(junitBudgets(a))
	}
	if a.Catch != nil {
		report.add(junitCatch(a.Catch))
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", "  ")
	if err := enc.Encode(report); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

type junitReport struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr,omitempty"` // seconds
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr,omitempty"` // seconds
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
	Skipped *junitMessage `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// add counts a suite and appends it.
func (r *junitReport) add(s junitSuite) {
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	r.Tests, r.Failures, r.Errors, r.Skipped = r.Tests+s.Tests, r.Failures+s.Failures, r.Errors+s.Errors, r.Skipped+s.Skipped
	r.Suites = append(r.Suites, s)
}

func junitVerdict(a *verdict.Analysis) junitSuite {
	c := junitCase{Class: "tollgate.verdict", Name: "verdict"}
	reasons := strings.Join(a.Reasons, "\n")
	message := &junitMessage{Message: fmt.Sprintf("%s: %s", a.Outcome, meaning(a.Outcome)), Text: reasons}
	switch a.Outcome {
	case verdict.Pass:
		c.Out = reasons
	case verdict.Fail:
		c.Failure = message
	default:
		c.Error = message
	}
	s := junitSuite{Name: "verdict", Cases: []junitCase{c}}
	if d := a.Run.Ended.Sub(a.Run.Started); !a.Run.Ended.IsZero() && d > 0 {
		s.Time = strconv.FormatFloat(d.Seconds(), 'f', 3, 64)
	}
	return s
}

func junitControls(a *verdict.Analysis) junitSuite {
	s := junitSuite{Name: "controls"}
	for _, control := range a.Controls {
		c := junitCase{Class: "tollgate.controls", Name: control.Name}
		told := fmt.Sprintf("seen: %s\nwanted: %s", control.Saw, control.Want)
		switch {
		case control.OK:
			c.Out = told
		case control.Undecided:
			c.Skipped = &junitMessage{Message: "undecided: " + control.Saw}
		default:
			c.Failure = &junitMessage{Message: control.Saw, Text: told + "\nremedy: " + control.Remedy}
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}

func junitBudgets(a *verdict.Analysis) junitSuite {
	s := junitSuite{Name: "budgets"}
	for _, r := range a.Budgets {
		c := junitCase{Class: "tollgate.budgets." + r.Level, Name: r.Budget.Text}
		switch r.Outcome {
		case verdict.Pass:
			c.Out = r.Sentence
		case verdict.Fail:
			c.Failure = &junitMessage{Message: r.Sentence}
		default:
			c.Skipped = &junitMessage{Message: r.Sentence}
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}

func junitCatch(m *catch.Matrix) junitSuite {
	s := junitSuite{Name: "catch"}
	for _, f := range m.Faults {
		for i, level := range m.Levels {
			cell := cellAt(f, i)
			c := junitCase{Class: "tollgate.catch." + f.Fault.ID, Name: level}
			story := strings.Join(cellStory(cell), "; ")
			switch {
			case f.Fault.Skipped != "":
				c.Skipped = &junitMessage{Message: f.Fault.Skipped}
			case cell.State == catch.Skipped, cell.State == catch.Unconfirmed, cell.State == catch.Unfinished, cell.State == "":
				c.Skipped = &junitMessage{Message: story}
			case cell.State == catch.CannotFire:
				c.Skipped = &junitMessage{Message: story, Text: strings.Join(cell.Cannot, "\n")}
			default:
				c.Out = story
			}
			if cell.State == catch.Detected {
				c.Time = strconv.FormatFloat(cell.Detect.Seconds(), 'f', 3, 64)
			}
			s.Cases = append(s.Cases, c)
		}
	}
	return s
}
