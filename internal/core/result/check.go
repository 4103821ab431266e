package result

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Limits of what a number of the run directory can be. They are far above every measurement and far below the numbers whose
// sums overflow. A field that has others says so in its tag `range`: "share", in [0, 1]; "open", at least 0; "any", every number.
const (
	mostTime  = 10 * 365 * 24 * time.Hour
	mostCount = 1e15
)

// mostPasses is the highest number of a pass of one fault.
const mostPasses = 999

// Years in which a run can have been made, so that its times can be told in nanoseconds.
const firstYear, lastYear = 1970, 2200

// inRange refuses a value that has a number or a time which cannot be. The error names it by its keys, as in work.sent.
func inRange(v reflect.Value, key, limits string) error {
	if at, isTime := v.Interface().(time.Time); isTime {
		if !at.IsZero() && (at.Year() < firstYear || at.Year() > lastYear) {
			return fmt.Errorf("%s is in the year %d: want one from %d to %d", key, at.Year(), firstYear, lastYear)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		return numberInRange(float64(v.Int()), v.Interface(), key, limits)
	case reflect.Float64:
		return numberInRange(v.Float(), v.Interface(), key, limits)
	case reflect.Pointer:
		if !v.IsNil() {
			return inRange(v.Elem(), key, limits)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := inRange(v.Index(i), fmt.Sprintf("%s[%d]", key, i), limits); err != nil {
				return err
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if err := inRange(entries.Value(), fmt.Sprintf("%s[%.100q]", key, entries.Key().String()), limits); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if key != "" {
				name = key + "." + name
			}
			if err := inRange(v.Field(i), name, field.Tag.Get("range")); err != nil {
				return err
			}
		}
	}
	return nil
}

func numberInRange(x float64, shown any, key, limits string) error {
	most, want := mostCount, "0 to 10¹⁵"
	switch _, isTime := shown.(time.Duration); {
	case limits == "any":
		return nil
	case limits == "open":
		most, want = math.Inf(1), "at least 0"
	case limits == "share":
		most, want = 1, "0 to 1"
	case isTime:
		most, want = float64(mostTime), "0 to 10 years"
	}
	if x >= 0 && x <= most {
		return nil
	}
	return fmt.Errorf("%s is %v: want %s", key, shown, want)
}

// oneOf refuses a value that is none of some.
func oneOf(key, value string, of ...string) error {
	if slices.Contains(of, value) {
		return nil
	}
	return fmt.Errorf("%s is %.100q: want one of %s", key, value, strings.Join(of, ", "))
}

// check refuses a run that contradicts itself, or that no run can be.
func (r Run) check() error {
	errs := []error{inRange(reflect.ValueOf(r), "", ""), oneOf("status", r.Status, Running, Complete, Partial)}
	for i, a := range r.Arms {
		key := fmt.Sprintf("arms[%d].", i)
		errs = append(errs, oneOf(key+"role", a.Role, RoleBaseline, RoleRepeat, RoleKnownDelay, RoleLevel))
		if !slices.ContainsFunc(r.Levels, func(l Level) bool { return l.Name == a.Level }) {
			errs = append(errs, fmt.Errorf("%slevel is %.100q, which the run does not have", key, a.Level))
		}
	}
	for i, f := range r.Faults {
		for feeling, sign := range f.Signs {
			if sign < -1 || sign > 1 {
				errs = append(errs, fmt.Errorf("faults[%d].signs[%.100q] is %d: want -1, 0 or 1", i, feeling, sign))
			}
		}
		if f.Passes > mostPasses+1 {
			errs = append(errs, fmt.Errorf("faults[%d].passes is %d: want 0 to %d", i, f.Passes, mostPasses+1))
		}
	}
	errs = append(errs, r.checkSweep())
	if p := r.Plan; p.Launches > 0 && (p.Rounds == 0 || p.Slot == 0 || p.Rate == 0) {
		errs = append(errs, errors.New("plan: a toll of some launches needs rounds, slot and rate above 0"))
	}
	if c := r.Plan.Capacity; c != nil && c.Launches > 0 && (c.Rounds == 0 || c.Slot == 0 || c.Max == 0) {
		errs = append(errs, errors.New("plan.capacity: a search of some launches needs rounds, slot and max above 0"))
	}
	return first(errs)
}

// hasArm refuses an arm that the run does not have: in the catch it is named as its level is.
func (r Run) hasArm(name string) error {
	if slices.ContainsFunc(r.Arms, func(a Arm) bool { return a.Name == name }) ||
		slices.ContainsFunc(r.Levels, func(l Level) bool { return l.Name == name }) {
		return nil
	}
	return fmt.Errorf("arm is %.100q, which the run does not have", name)
}

func (s Slot) check(r Run) error {
	errs := []error{
		inRange(reflect.ValueOf(s), "", ""),
		oneOf("phase", s.Phase, slot.Idle, slot.Toll, slot.Capacity, slot.Catch),
		r.hasArm(s.Arm),
	}
	if s.End.Before(s.Start) {
		errs = append(errs, fmt.Errorf("end is %v before start", s.Start.Sub(s.End)))
	}
	if w := s.Work; w.Sent > w.Scheduled || w.Dropped != w.Scheduled-w.Sent {
		errs = append(errs, fmt.Errorf("work: %d scheduled are not %d sent and %d dropped", w.Scheduled, w.Sent, w.Dropped))
	}
	if s.Phase != slot.Idle && s.Work.Arm != s.Arm {
		errs = append(errs, fmt.Errorf("work.arm is %.100q and arm is %.100q", s.Work.Arm, s.Arm))
	}
	return first(errs)
}

func (e FaultEvent) check(r Run) error {
	errs := []error{
		inRange(reflect.ValueOf(e), "", ""),
		oneOf("phase", e.Phase, PhaseSettle, PhaseQuiet, PhaseStillFiring, PhaseClean, PhaseInject, PhaseConfirmed,
			PhaseUnconfirmed, PhaseRevert, PhaseReverted,
			PhaseStuck, PhaseDone, PhaseEvidence),
	}
	if e.Arm != "" {
		errs = append(errs, r.hasArm(e.Arm))
	}
	if e.Pass > mostPasses {
		errs = append(errs, fmt.Errorf("pass is %d: want 0 to %d", e.Pass, mostPasses))
	}
	if e.Size != 0 && (r.Sweep == nil || r.Sweep.Fault != e.Fault || !slices.Contains(r.Sweep.Sizes, e.Size)) {
		errs = append(errs, fmt.Errorf("size is %v, which the sweep of the run does not have", e.Size))
	}
	if !slices.ContainsFunc(r.Faults, func(f Fault) bool { return f.ID == e.Fault }) {
		errs = append(errs, fmt.Errorf("fault is %.100q, which the run does not have", e.Fault))
	}
	return first(errs)
}

func (e AlertEvent) check(r Run) error {
	return first([]error{
		inRange(reflect.ValueOf(e), "", ""), r.hasArm(e.Arm),
		oneOf("from", e.From, Inactive, Pending, Firing), oneOf("to", e.To, Inactive, Pending, Firing),
	})
}

func (t Tag) check(r Run) error {
	errs := []error{
		inRange(reflect.ValueOf(t.Launch), "launch", ""), inRange(reflect.ValueOf(t.Round), "round", ""),
		oneOf("phase", t.Phase, slot.Toll, slot.Capacity, slot.Catch), oneOf("kind", t.Kind, Service, Response, Lag, Own, Outside), r.hasArm(t.Arm),
	}
	return first(errs)
}

// first is the first error of some; nil if there is none.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
