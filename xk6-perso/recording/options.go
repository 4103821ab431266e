package recording

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.k6.io/k6/v2/metrics"
)

// Limits of the options.
const (
	leastInterval = 100 * time.Millisecond
	mostInterval  = time.Hour
	mostSeries    = 10_000
)

// options are what stands behind --out perso=.
type options struct {
	path     string
	interval time.Duration // length of an interval histogram, whole milliseconds
	series   int           // how many there may be, rest series apart
	tags     []string      // of k6, which tell series apart besides the scenario
	metrics  []string      // trends that are recorded; none: http_req_duration and those of the script
}

// usage is how the option is written.
const usage = "--out perso=FILE[,interval=1s][,series=200][,tags=NAME+NAME…][,metrics=NAME+NAME…]"

// parseOptions reads FILE[,KEY=VALUE…]. {segment} in the file's name stands for the execution segment, such as 0-1of3, so
// that processes with the same command line write files of their own.
func parseOptions(argument, segment string) (options, error) {
	o := options{interval: time.Second, series: 200}
	parts := strings.Split(argument, ",")
	o.path = parts[0]
	if o.path == "" || strings.HasSuffix(o.path, "/") {
		return o, fmt.Errorf("perso output: the name of a file is missing: %s", usage)
	}
	if key, _, ok := strings.Cut(o.path, "="); ok && o.keys()[key] != nil {
		return o, fmt.Errorf("perso output: the name of the file comes first, got %q: %s", o.path, usage)
	}
	o.path = strings.ReplaceAll(o.path, "{segment}", inName(segment))
	if strings.ContainsAny(o.path, "{}") {
		return o, fmt.Errorf("perso output: file %q: of names in braces only {segment} is known", o.path)
	}
	seen := map[string]bool{}
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(part, "=")
		read := o.keys()[key]
		switch {
		case read == nil:
			return o, fmt.Errorf("perso output: unknown option %q; legal: %s", part, strings.Join(slices.Sorted(maps.Keys(o.keys())), ", "))
		case seen[key]:
			return o, fmt.Errorf("perso output: option %s is given twice; names in a list are parted by +, as in tags=name+status", key)
		}
		seen[key] = true
		if err := read(value); err != nil {
			return o, fmt.Errorf("perso output: option %s: %w", key, err)
		}
	}
	return o, nil
}

// inName is an execution segment as a part of a file's name: 0-1of3 for 0:1/3.
func inName(segment string) string {
	return strings.NewReplacer(":", "-", "/", "of").Replace(segment)
}

// keys are the options behind the file's name, with what reads the value of each.
func (o *options) keys() map[string]func(string) error {
	return map[string]func(string) error{
		"interval": func(v string) error {
			d, err := time.ParseDuration(v)
			if err != nil || d < leastInterval || d > mostInterval || d%time.Millisecond != 0 {
				return fmt.Errorf("must be a duration from %s to %s in whole milliseconds, got %q", leastInterval, mostInterval, v)
			}
			o.interval = d
			return nil
		},
		"series": func(v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > mostSeries {
				return fmt.Errorf("must be a whole number from 1 to %d, got %q", mostSeries, v)
			}
			o.series = n
			return nil
		},
		"tags":    func(v string) (err error) { o.tags, err = names(v); return err },
		"metrics": func(v string) (err error) { o.metrics, err = names(v); return err },
	}
}

// names reads NAME+NAME…
func names(v string) ([]string, error) {
	list := strings.Split(v, "+")
	if slices.Contains(list, "") {
		return nil, fmt.Errorf("must be names parted by +, got %q", v)
	}
	slices.Sort(list)
	if len(slices.Compact(slices.Clone(list))) < len(list) {
		return nil, fmt.Errorf("names a thing twice: %q", v)
	}
	return list, nil
}

// standard are the metrics that k6 makes of itself.
func standard() (map[string]bool, error) {
	r := metrics.NewRegistry()
	metrics.RegisterBuiltinMetrics(r)
	out := map[string]bool{}
	for _, m := range r.All() {
		out[m.Name] = true
	}
	if !out[metrics.HTTPReqDurationName] {
		return nil, errors.New("perso output: this k6 does not name its own metrics")
	}
	return out, nil
}
