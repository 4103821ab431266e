package child

import (
	"maps"
	"os"
	"slices"
	"strings"
)

// Environ is this process's environment plus more, in the form of os/exec, but without the variables that would change what a
// run does (OTEL_, K6_, PERSO_ and TOLLGATE_).
func Environ(more map[string]string) []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return slices.ContainsFunc([]string{"OTEL_", "K6_", "PERSO_", "TOLLGATE_"}, func(prefix string) bool {
			return strings.HasPrefix(kv, prefix)
		})
	})
	for _, key := range slices.Sorted(maps.Keys(more)) {
		env = append(env, key+"="+more[key])
	}
	return env
}
