package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Waivers are what somebody has accepted until a day. In the file of an experiment they are a list, or the path of a file that has
// the list; a printed experiment has the list.
type Waivers []result.Waiver

// UnmarshalYAML takes a list or a path.
func (w *Waivers) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		text, err := yaml.Marshal(node)
		if err == nil {
			*w, err = parseWaivers(text)
		}
		if err != nil {
			return fmt.Errorf("line %d: waivers: %w", node.Line, err)
		}
		return nil
	}
	var path string
	if err := node.Decode(&path); err != nil || path == "" {
		return err
	}
	read, err := ReadWaivers(path)
	*w = read
	return err
}

// ReadWaivers reads a file of waivers, a YAML list.
func ReadWaivers(path string) (Waivers, error) {
	text, err := files.Read(path, files.Text)
	if err != nil {
		return nil, fmt.Errorf("waivers: %w", err)
	}
	w, err := parseWaivers(text)
	if err != nil {
		return nil, fmt.Errorf("waivers: %s: %w", path, err)
	}
	return w, nil
}

func parseWaivers(text []byte) (Waivers, error) {
	var out []result.Waiver
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&out); err != nil && !errors.Is(err, io.EOF) {
		return nil, legalKeys(err)
	}
	return out, nil
}

// waiverNeeds are the fields that a waiver of each kind has to have, and those that it may have.
var waiverNeeds = map[string]struct{ must, may []string }{
	result.WaiveMissed:      {[]string{"fault"}, []string{"level"}},
	result.WaiveUndiagnosed: {[]string{"fault"}, []string{"level"}},
	result.WaiveFalseAlarm:  {[]string{"alert"}, []string{"fault", "level"}},
	result.WaiveNeverFired:  {[]string{"alert"}, nil},
}

// Check refuses a waiver that lacks something, or that names a fault, a level or an alert that does not exist. A level exists that is
// among these or is shipped: a file of waivers may be for several experiments.
func (w Waivers) Check(levels []string, rules result.Rules) error {
	for _, l := range testenv.Levels() {
		levels = append(levels, l.Name)
	}
	var errs []error
	for i, waiver := range w {
		if err := checkWaiver(waiver, levels, rules); err != nil {
			errs = append(errs, fmt.Errorf("waivers: number %d: %w", i+1, err))
		}
	}
	return errors.Join(errs...)
}

func checkWaiver(w result.Waiver, levels []string, rules result.Rules) error {
	needs, known := waiverNeeds[w.Waive]
	if !known {
		return fmt.Errorf("waive: unknown value %q: legal values are %s, %s, %s, %s", w.Waive, result.WaiveMissed,
			result.WaiveUndiagnosed, result.WaiveFalseAlarm, result.WaiveNeverFired)
	}
	for _, field := range []struct{ name, value string }{{"fault", w.Fault}, {"alert", w.Alert}, {"level", w.Level}} {
		switch must := slices.Contains(needs.must, field.name); {
		case must && field.value == "":
			return fmt.Errorf("%s needs the key %s", w.Waive, field.name)
		case field.value != "" && !must && !slices.Contains(needs.may, field.name):
			return fmt.Errorf("%s has no key %s", w.Waive, field.name)
		}
	}
	if w.Fault != "" {
		if err := faults.Known(w.Fault); err != nil {
			return err
		}
	}
	if w.Level != "" && !slices.Contains(levels, w.Level) {
		slices.Sort(levels)
		return fmt.Errorf("unknown level %q: want one of %s", w.Level, strings.Join(slices.Compact(levels), ", "))
	}
	if w.Alert != "" {
		if _, err := alerts.Resolve(rules, w.Alert); err != nil {
			return err
		}
	}
	if strings.TrimSpace(w.Reason) == "" {
		return errors.New("a waiver needs the key reason: why it is accepted")
	}
	if _, err := time.Parse(time.DateOnly, w.Expires); err != nil {
		return fmt.Errorf("expires: want the last day on which it holds, such as 2027-01-31, got %q", w.Expires)
	}
	return nil
}

func (e *Experiment) validateWaivers(c *complaints, rules result.Rules) {
	if len(e.Waivers) == 0 || rules == nil { // validateAlerts has said why
		return
	}
	var levels []string
	for _, l := range e.Levels {
		levels = append(levels, l.Name)
	}
	if err := e.Waivers.Check(levels, rules); err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			c.add("%s", line)
		}
	}
}
