package child

import (
	"maps"
	"os"
	"slices"
	"strings"
)

// Environ is this process's environment plus more, in the form of os/exec, but without the variables that would change what a
// run does: see Withheld.
func Environ(more map[string]string) []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return withheld(kv) })
	for _, key := range slices.Sorted(maps.Keys(more)) {
		env = append(env, key+"="+more[key])
	}
	return env
}

// Withheld are the variables of this process's environment that Environ leaves out, by name.
func Withheld() map[string]string {
	out := map[string]string{}
	for _, kv := range os.Environ() {
		if name, value, ok := strings.Cut(kv, "="); ok && withheld(kv) {
			out[name] = value
		}
	}
	return out
}

// withheld says whether a variable may change what a run does.
func withheld(kv string) bool {
	return slices.ContainsFunc([]string{"OTEL_", "K6_", "PERSO_", "TOLLGATE_"}, func(prefix string) bool {
		return strings.HasPrefix(kv, prefix)
	})
}
