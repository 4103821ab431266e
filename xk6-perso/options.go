package perso

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// fields maps every legal name of an options object to what reads its value.
type fields map[string]func(sobek.Value) error

// decode reads the options object of a call. Names that fields does not have are refused; undefined and null leave the
// default. Errors name the call, the option and what is legal.
func decode(rt *sobek.Runtime, call string, v sobek.Value, f fields) error {
	if common.IsNullish(v) {
		return nil
	}
	obj, ok := v.(*sobek.Object)
	if !ok || obj.ClassName() != "Object" {
		return fmt.Errorf("perso: %s: options must be an object with any of %s, got %s", call, f.names(), v)
	}
	for _, name := range obj.Keys() {
		read, ok := f[name]
		if !ok {
			return fmt.Errorf("perso: %s: unknown option %q; legal: %s", call, name, f.names())
		}
		value := obj.Get(name)
		if common.IsNullish(value) {
			continue
		}
		if err := read(value); err != nil {
			return fmt.Errorf("perso: %s: %s: %w", call, name, err)
		}
	}
	return nil
}

func (f fields) names() string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// need is an error if a required option is missing.
func need(call, name string, missing bool) error {
	if missing {
		return fmt.Errorf("perso: %s: option %q is required", call, name)
	}
	return nil
}

// number returns the value of a JavaScript number. Strings are not converted: who writes "1000" has more often made a mistake
// than meant it.
func number(v sobek.Value) (float64, bool) {
	switch n := v.Export().(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, !math.IsNaN(n)
	default:
		return 0, false
	}
}

// intOption reads a whole number in [lo, hi].
func intOption[T int | int64](dst *T, lo, hi T) func(sobek.Value) error {
	return func(v sobek.Value) error {
		n, ok := number(v)
		if !ok || n != math.Trunc(n) || n < float64(lo) || n > float64(hi) {
			return fmt.Errorf("must be a whole number from %d to %d, got %s", lo, hi, v)
		}
		*dst = T(n)
		return nil
	}
}

// floatOption reads a number in [lo, hi].
func floatOption(dst *float64, lo, hi float64) func(sobek.Value) error {
	return func(v sobek.Value) error {
		n, ok := number(v)
		if !ok || n < lo || n > hi {
			return fmt.Errorf("must be a number from %g to %g, got %s", lo, hi, v)
		}
		*dst = n
		return nil
	}
}

// durationOption reads a duration such as "200ms", in [lo, hi].
func durationOption(dst *time.Duration, lo, hi time.Duration) func(sobek.Value) error {
	return func(v sobek.Value) error {
		text, ok := v.Export().(string)
		if !ok {
			return fmt.Errorf(`must be a duration such as "200ms", got %s`, v)
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < lo || d > hi {
			return fmt.Errorf("must be a duration from %q to %q, got %q", lo, hi, text)
		}
		*dst = d
		return nil
	}
}

// textOption reads a string that is not empty; where legal values are given, it must be one of them.
func textOption(dst *string, legal ...string) func(sobek.Value) error {
	return func(v sobek.Value) error {
		text, ok := v.Export().(string)
		switch {
		case len(legal) > 0 && !slices.Contains(legal, text):
			return fmt.Errorf("must be one of %s, got %s", strings.Join(legal, ", "), v)
		case !ok || text == "":
			return fmt.Errorf("must be a string that is not empty, got %q", v)
		}
		*dst = text
		return nil
	}
}

// textsOption reads a list of strings.
func textsOption(dst *[]string) func(sobek.Value) error {
	return func(v sobek.Value) error {
		list, ok := v.Export().([]any)
		if !ok {
			return fmt.Errorf("must be a list of strings, got %s", v)
		}
		for _, item := range list {
			text, ok := item.(string)
			if !ok {
				return fmt.Errorf("must be a list of strings, got %v in it", item)
			}
			*dst = append(*dst, text)
		}
		return nil
	}
}

// sourceOption reads what population or sessions returned.
func sourceOption(dst **journey.Source) func(sobek.Value) error {
	return func(v sobek.Value) error {
		s, ok := v.Export().(*Source)
		if !ok {
			return fmt.Errorf("must be what population() or sessions() returned, got %s", v)
		}
		*dst = s.source
		return nil
	}
}
