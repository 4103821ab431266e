package perso

import (
	"fmt"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// traceOption reads the part of the requests that are to be sampled; its presence gives all requests a trace context.
func traceOption(dst *journey.Trace) func(sobek.Value) error {
	return func(v sobek.Value) error {
		dst.On = true
		return floatOption(&dst.Sampled, 0, 1)(v)
	}
}

// baggageOption reads an object of strings.
func baggageOption(dst *journey.Trace) func(sobek.Value) error {
	return func(v sobek.Value) error {
		given, ok := v.Export().(map[string]any)
		if !ok {
			return fmt.Errorf(`must be an object of strings such as {tenant: "a"}, got %s`, v)
		}
		entries := map[string]string{}
		for key, value := range given {
			if entries[key], ok = value.(string); !ok {
				return fmt.Errorf("%q must be a string, got %v", key, value)
			}
		}
		header, err := journey.NewBaggage(entries)
		dst.Baggage = header
		return err
	}
}

// checkTrace is an error where there is baggage and no trace context.
func checkTrace(call string, t journey.Trace) error {
	if t.Baggage != "" && !t.On {
		return fmt.Errorf("perso: %s: baggage travels with the trace context: set trace, to 0 if no request is to be sampled", call)
	}
	return nil
}

// text is a JavaScript string, "" for undefined and null.
func text(call, what string, v sobek.Value) (string, error) {
	if common.IsNullish(v) {
		return "", nil
	}
	s, ok := v.Export().(string)
	if !ok {
		return "", fmt.Errorf("perso: %s: %s must be a string, got %s", call, what, v)
	}
	return s, nil
}
