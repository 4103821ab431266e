package perso

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// declarations are the members of each interface in index.d.ts, those that it extends included.
func declarations(t *testing.T, text string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	member := regexp.MustCompile(`(?m)^    (?:readonly )?(\w+)\??[:(]`)
	for _, m := range regexp.MustCompile(`(?ms)^  export interface (\w+)(?: extends (\w+))? \{\n(.*?)^  \}`).FindAllStringSubmatch(text, -1) {
		members := slices.Clone(out[m[2]])
		for _, field := range member.FindAllStringSubmatch(m[3], -1) {
			members = append(members, field[1])
		}
		slices.Sort(members)
		out[m[1]] = members
	}
	return out
}

// index.d.ts describes what is there, no more and no less.
func TestDeclarations(t *testing.T) {
	raw, err := os.ReadFile("index.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	declared := declarations(t, text)
	compare := func(what string, code []string) {
		t.Helper()
		if slices.Sort(code); !slices.Equal(declared[what], code) {
			t.Errorf("%s: index.d.ts has %v, the code %v", what, declared[what], code)
		}
	}

	// Functions, by name and in the default export.
	s := newScript(t, t.TempDir(), map[string]string{slot.EnvBaseURL: slot.NoBaseURL})
	functions := strings.Fields(s.js(t, `Object.keys(perso).sort().join(' ')`).String())
	for what, pattern := range map[string]string{"functions": `(?m)^  export function (\w+)[(<]`, "default export": `(?m)^    (\w+): typeof \w+;`} {
		var names []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
		if slices.Sort(names); !slices.Equal(names, functions) {
			t.Errorf("%s: index.d.ts has %v, the code %v", what, names, functions)
		}
	}

	// Options: an unknown one is refused with all that are legal.
	for call, what := range map[string]string{
		`population({'?': 1})`: "PopulationOptions", `sessions('x.tsv', {'?': 1})`: "SessionsOptions", `journey({'?': 1})`: "JourneyOptions",
		`drive({'?': 1})`: "DriveOptions", `turns({'?': 1})`: "TurnsOptions", `visit({'?': 1})`: "VisitOptions",
	} {
		compare(what, legal(t, s, call))
	}
	declared["conduct"] = append(slices.Clone(declared["OpenLoopOptions"]), "turns", "warnings") // "(OpenLoopOptions | { turns: Turns }) & { warnings?: string[] }"
	slices.Sort(declared["conduct"])
	compare("conduct", legal(t, s, `conduct({'?': 1})`))

	// Objects.
	compare("Source", members(reflect.TypeFor[*Source]()))
	compare("Turns", members(reflect.TypeFor[*Turns]()))
	compare("Turn", members(reflect.TypeFor[*Turn]()))
	compare("Visit", members(reflect.TypeFor[*Visit]()))
	compare("Fault", members(reflect.TypeFor[*Fault]()))

	// Results.
	g := journeytest.New(t, population.New(1, 50, 20))
	s.js(t, `const crowd = perso.population({users: 50, items: 20})`)
	s.start()
	s.js(t, `const j = perso.journey({source: crowd, target: '`+g.URL+`', thinkScale: 0});
		const d = perso.drive({source: crowd, targets: [{arm: 'x', url: '`+g.URL+`'}], rate: 100, duration: '100ms'});
		const v = perso.visit({source: crowd, target: '`+g.URL+`'}), r = v.recommend(), c = v.click()`)
	for value, what := range map[string]string{"j": "JourneyResult", "d": "DriveSummary", "d.arms.x": "ArmSummary", "d.arms.x.lag": "Quantiles",
		"r": "Recommended", "c": "Taken"} {
		compare(what, strings.Fields(s.js(t, `Object.keys(`+value+`).join(' ')`).String()))
	}
	for _, compared := range []string{"conduct", "PopulationOptions", "SessionsOptions", "PlayOptions", "JourneyOptions", "OpenLoopOptions", "DriveOptions",
		"TurnsOptions", "Source", "Turns", "Turn", "JourneyResult", "DriveSummary", "ArmSummary", "Quantiles", "Visit", "VisitOptions", "Fault", "Taken", "Recommended"} {
		delete(declared, compared)
	}
	if len(declared) > 0 {
		t.Errorf("not compared: %v", slices.Sorted(maps.Keys(declared)))
	}
}

// legal are the names of the options that a call with an unknown one says are legal, sorted.
func legal(t *testing.T, s *script, call string) []string {
	t.Helper()
	_, err := s.VU.Runtime().RunString("perso." + call)
	if err == nil {
		t.Fatalf("%s: no error", call)
	}
	_, list, found := strings.Cut(err.Error(), "legal: ")
	if !found {
		t.Fatalf("%s: %v", call, err)
	}
	list, _, _ = strings.Cut(list, " at ")
	return strings.Split(strings.TrimSpace(list), ", ")
}

// members are the names under which JavaScript finds the exported fields and methods of a pointer to a struct.
func members(t reflect.Type) []string {
	var out []string
	lower := func(name string) string {
		if strings.ToUpper(name) == name { // URL
			return strings.ToLower(name)
		}
		return strings.ToLower(name[:1]) + name[1:]
	}
	for i := range t.NumMethod() {
		out = append(out, lower(t.Method(i).Name))
	}
	for i := range t.Elem().NumField() {
		if f := t.Elem().Field(i); f.IsExported() {
			out = append(out, lower(f.Name))
		}
	}
	return out
}
