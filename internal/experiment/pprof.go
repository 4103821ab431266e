package experiment

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/testenv"
)

// serviceName is what a service may be called whose CPU profiles are kept: a part of a file's name.
var serviceName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$`)

// validatePprof refuses places of CPU profiles that cannot be asked, or that differ between levels.
func (e *Experiment) validatePprof(c *complaints) {
	s := e.External
	name := func(key, service string) {
		if !serviceName.MatchString(service) {
			c.add("%s: want the name of a service, of up to 63 letters, digits, dots, hyphens and underscores, got %q", key, service)
		}
	}
	for _, service := range slices.Sorted(maps.Keys(s.Compose.Pprof)) {
		name("external.compose.pprof", service)
		within(c, "external.compose.pprof: "+service, s.Compose.Pprof[service], 1, 65535)
	}
	if len(s.Compose.Pprof) > 0 && len(s.Compose.File) == 0 {
		c.add("external.compose.pprof is for external.compose.file: for external.urls, external.pprof has the URLs of CPU profiles")
	}
	if len(s.Pprof) == 0 {
		return
	}
	if len(s.Compose.File) > 0 {
		c.add("external.pprof is for external.urls: for a Compose file, external.compose.pprof has the ports at which %s is served", testenv.PprofPath)
	}
	e.perLevel(c, "external.pprof", slices.Collect(maps.Keys(s.Pprof)))
	want := slices.Sorted(maps.Keys(s.Pprof[e.base()]))
	for _, level := range slices.Sorted(maps.Keys(s.Pprof)) {
		if got := slices.Sorted(maps.Keys(s.Pprof[level])); !slices.Equal(got, want) {
			c.add("external.pprof: %s names %s, and %s %s: levels are compared by the same services", level, strings.Join(got, ", "), e.base(), strings.Join(want, ", "))
		}
		for _, service := range slices.Sorted(maps.Keys(s.Pprof[level])) {
			name("external.pprof: "+level, service)
			c.url("external.pprof: "+level+": "+service, s.Pprof[level][service])
		}
	}
}
