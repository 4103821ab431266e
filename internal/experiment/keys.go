package experiment

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

var unknownField = regexp.MustCompile(`field (\S+) not found in type (?:experiment|testenv|result)\.(\S+)`)

// legalKeys rewords the decoder's message about an unknown key, which names a Go type, into one that lists the keys.
func legalKeys(err error) error {
	text := unknownField.ReplaceAllStringFunc(err.Error(), func(m string) string {
		part := unknownField.FindStringSubmatch(m)
		if part[2] == "Toll" && part[1] == "floor" {
			return `key "floor" is called "equal_within" now`
		}
		return fmt.Sprintf("unknown key %q: legal keys here are %s", part[1], strings.Join(keysOf(part[2]), ", "))
	})
	return errors.New(strings.TrimPrefix(text, "yaml: unmarshal errors:\n  "))
}

func keysOf(typeName string) []string {
	for _, t := range []reflect.Type{
		reflect.TypeFor[Experiment](), reflect.TypeFor[Journeys](), reflect.TypeFor[Toll](), reflect.TypeFor[Capacity](), reflect.TypeFor[Catch](),
		reflect.TypeFor[Sweep](), reflect.TypeFor[Baseline](), reflect.TypeFor[BaselineLimit](), reflect.TypeFor[Telemetry](), reflect.TypeFor[Alerts](), reflect.TypeFor[Containers](), reflect.TypeFor[ownLevel](),
		reflect.TypeFor[result.Prices](), reflect.TypeFor[result.Waiver](), reflect.TypeFor[testenv.System](), reflect.TypeFor[testenv.SystemCompose](), reflect.TypeFor[testenv.SystemPrometheus](), reflect.TypeFor[testenv.SystemProxy](),
	} {
		if t.Name() != typeName {
			continue
		}
		var keys []string
		for i := range t.NumField() {
			key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			keys = append(keys, key)
		}
		return keys
	}
	return nil
}
