package reports

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// renderJUnit writes JUnit XML with one suite per section.
//
// The file is red exactly when the verdict is not pass, so that it never contradicts the exit code:
//
//	verdict   the outcome as one case: fail is a failure; invalid is an error, for nothing was judged; inconclusive is
//	          an error too, since a gate that cannot tell has not passed; system-out says what the run shows
//	controls  a case per control: one that fails is a failure, an undecided one is skipped
//	budgets   a case per budget and level: an exceeded one is a failure, an undecided one is skipped
//	waivers   a case per waiver: one that has expired is skipped, since the verdict says what that means
//	catch     a case per fault and level, classified by the fault. What was caught is information about a level and no
//	          property of the change under test, so missed, noisy and under-powered cells pass and tell in system-out;
//	          skipped, unconfirmed and unfinished cells are skipped, and those in which no expected alert can fire
//	alerts    a case per alert rule: one that fired for no fault that should fire it is skipped
//
// Times are seconds of wall time, and those of the suites add up to that of the run. The catch has the passes of its faults; a
// pass is made at all levels at once, so each cell of a fault has the time of the whole pass. The verdict has the rest of the
// run, in which everything else was measured. Controls and budgets are judged by that same measurement and take no time of their
// own. The attributes are those that the readers of Jenkins, GitLab and GitHub have in common with the schema of Ant's reports,
// from which also the form of a timestamp comes (UTC, to the second), and the host name where none is known.
func renderJUnit(a *verdict.Analysis) ([]byte, error) {
	passes := passTime(a.Catch)
	run := max(passes, wallTime(a.Run.Started, a.Run.Ended)) // a run that was killed has no end
	report := junitReport{Name: "tollgate " + a.Run.ID, Time: inXML(run), Timestamp: junitStamp(a.Run.Started), host: cmp.Or(a.Run.Machine.Hostname, "localhost"),
		started: a.Run.Started}
	report.add(junitVerdict(a, run-passes))
	if len(a.Controls) > 0 {
		report.add(junitControls(a))
	}
	if len(a.Budgets) > 0 {
		report.add(junitBudgets(a))
	}
	if a.Catch != nil {
		if len(a.Catch.Waivers) > 0 {
			report.add(junitWaivers(a.Catch))
		}
		report.add(junitCatch(a.Catch, passes))
		if len(a.Catch.Coverage) > 0 {
			report.add(junitAlerts(a.Catch))
		}
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
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`

	Timestamp string `xml:"timestamp,attr,omitempty"`

	host    string
	started time.Time
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`

	Timestamp string `xml:"timestamp,attr,omitempty"` // when it began
	Hostname  string `xml:"hostname,attr"`

	began time.Time     // zero: with the run
	took  time.Duration // 0: nothing of its own
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
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
	if s.began.IsZero() {
		s.began = r.started
	}
	s.Time, s.Timestamp, s.Hostname = inXML(s.took), junitStamp(s.began), r.host
	for i, c := range s.Cases {
		s.Cases[i].Time = cmp.Or(c.Time, inXML(0))
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

// wallTime is the time between two moments; 0 where one is not known, or they are the wrong way round.
func wallTime(from, to time.Time) time.Duration {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return max(0, to.Sub(from))
}

// passTime is the time of all passes of the catch, which are made one after the other.
func passTime(m *catch.Matrix) time.Duration {
	sum := time.Duration(0)
	if m != nil {
		for _, f := range m.Faults {
			sum += f.Took
		}
	}
	return sum
}

// inXML is a duration in seconds.
func inXML(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// junitStamp is a moment in UTC without a zone, "" where it is not known.
func junitStamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05")
}

func junitVerdict(a *verdict.Analysis, took time.Duration) junitSuite {
	c := junitCase{Class: "tollgate.verdict", Name: "verdict", Time: inXML(took), Out: strings.Join(headline(a), "\n")}
	reasons := strings.Join(a.Reasons, "\n")
	message := &junitMessage{Message: fmt.Sprintf("%s: %s", a.Outcome, meaning(a.Outcome)), Text: reasons}
	switch a.Outcome {
	case verdict.Pass:
		c.Out += "\n" + rulingOf(a).Name + "\n" + reasons
	case verdict.Fail:
		c.Failure = message
	default:
		c.Error = message
	}
	return junitSuite{Name: "verdict", Cases: []junitCase{c}, took: took}
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

func junitWaivers(m *catch.Matrix) junitSuite {
	s := junitSuite{Name: "waivers"}
	for _, w := range m.Waivers {
		_, use := waiverUse(w)
		c := junitCase{Class: "tollgate.waivers", Name: w.Text()}
		if told := w.Reason + "; until " + w.Expires + "; " + use; w.Expired {
			c.Skipped = &junitMessage{Message: told}
		} else {
			c.Out = told
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

func junitCatch(m *catch.Matrix, took time.Duration) junitSuite {
	s := junitSuite{Name: "catch", took: took}
	for _, f := range m.Faults {
		if s.began.IsZero() {
			s.began = f.Start
		}
		for i, level := range m.Levels {
			cell := cellAt(f, i)
			c := junitCase{Class: "tollgate.catch." + f.Name(), Name: level, Time: inXML(f.Took)}
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
			s.Cases = append(s.Cases, c)
		}
	}
	return s
}

func junitAlerts(m *catch.Matrix) junitSuite {
	s := junitSuite{Name: "alerts"}
	for _, c := range m.Coverage {
		rule := junitCase{Class: "tollgate.alerts", Name: c.Alert}
		switch {
		case len(c.For) > 0:
			rule.Out = "fired for " + strings.Join(c.For, ", ")
		case c.Never():
			rule.Skipped = &junitMessage{Message: "never fired: " + coverageName(c)}
		default:
			rule.Skipped = &junitMessage{Message: "fired for other faults only: " + strings.Join(c.Other, ", ")}
		}
		s.Cases = append(s.Cases, rule)
	}
	return s
}
