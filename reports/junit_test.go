package reports

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// junitRules are what the schemas of Ant's and Jenkins's reports have in common with what GitLab and GitHub's readers take: the
// attributes that an element must have, those that it may have, and the elements that may stand in it.
var junitRules = map[string]struct{ must, may, in []string }{
	"testsuites": {must: []string{"tests", "failures", "errors", "skipped", "time"}, may: []string{"name", "timestamp"}, in: []string{"testsuite"}},
	"testsuite": {must: []string{"name", "tests", "failures", "errors", "skipped", "time", "hostname"}, may: []string{"timestamp"},
		in: []string{"testcase"}},
	"testcase":   {must: []string{"classname", "name", "time"}, in: []string{"failure", "error", "skipped", "system-out"}},
	"failure":    {must: []string{"message"}},
	"error":      {must: []string{"message"}},
	"skipped":    {must: []string{"message"}},
	"system-out": {},
}

// checkJUnit holds a report to the rules.
func checkJUnit(t *testing.T, text string) {
	t.Helper()
	seconds, stamp := regexp.MustCompile(`^\d+\.\d{3}$`), regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`)
	var open []string
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			name := e.Name.Local
			rule, known := junitRules[name]
			if !known || len(open) > 0 && !slices.Contains(junitRules[open[len(open)-1]].in, name) {
				t.Errorf("%s in %v", name, open)
			}
			has := map[string]string{}
			for _, a := range e.Attr {
				has[a.Name.Local] = a.Value
				if !slices.Contains(append(rule.must, rule.may...), a.Name.Local) {
					t.Errorf("%s has an attribute %s", name, a.Name.Local)
				}
			}
			for _, a := range rule.must {
				if _, ok := has[a]; !ok {
					t.Errorf("%s has no attribute %s: %v", name, a, has)
				}
			}
			if x, ok := has["time"]; ok && !seconds.MatchString(x) {
				t.Errorf("%s: time %q is no seconds", name, x)
			}
			if x, ok := has["timestamp"]; ok && !stamp.MatchString(x) {
				t.Errorf("%s: timestamp %q", name, x)
			}
			open = append(open, name)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

// TestJUnitTimes: times are wall time, and those of the suites add up to that of the run.
func TestJUnitTimes(t *testing.T) {
	a := fixture()
	text := render(t, "junit", a)
	checkJUnit(t, text)
	var r junitReport
	if err := xml.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	number := func(s string) float64 {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Error(err)
		}
		return x
	}
	if run := number(r.Time); run != 196 || r.Timestamp != "2026-01-02T15:04:05" {
		t.Errorf("the run takes %v s from %s on", run, r.Timestamp)
	}
	sum := 0.0
	for _, s := range r.Suites {
		sum += number(s.Time)
		if s.Hostname != "ci-1" {
			t.Errorf("suite %s: host %q", s.Name, s.Hostname)
		}
		if s.Name != "catch" {
			continue
		}
		passes := map[string]float64{} // the cells of one fault have one time
		for _, c := range s.Cases {
			passes[c.Class] = number(c.Time)
		}
		all := 0.0
		for _, took := range passes {
			all += took
		}
		if all == 0 || math.Abs(all-number(s.Time)) > 0.002 {
			t.Errorf("the passes %v take %v s, their suite says %s", passes, all, s.Time)
		}
		if want := a.Catch.Faults[0].Start.UTC().Format("2006-01-02T15:04:05"); s.Timestamp != want {
			t.Errorf("the catch begins at %s, want %s", s.Timestamp, want)
		}
	}
	if math.Abs(sum-196) > 0.01 {
		t.Errorf("the suites take %v s together, the run 196", sum)
	}
}

// TestJUnitOfUnknownTimes: a run that was killed has no end, and an older one no host.
func TestJUnitOfUnknownTimes(t *testing.T) {
	a := fixture()
	a.Run.Started, a.Run.Ended, a.Run.Machine.Hostname, a.Catch = time.Time{}, time.Time{}, "", nil
	text := render(t, "junit", a)
	checkJUnit(t, text)
	if !strings.Contains(text, `hostname="localhost"`) || strings.Contains(text, "0001-01-01") || strings.Contains(text, `timestamp=""`) {
		t.Error(text)
	}
}
