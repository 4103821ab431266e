package runner

import (
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.k6.io/k6/v2/lib"

	"github.com/tollgate-dev/tollgate/internal/core/secret"
	"github.com/tollgate-dev/tollgate/internal/core/wrapper"
)

// ownOptions divides the variables that k6 reads for options: those that say how requests are made are for k6, as if they were
// in the script. The others, which would change what the run does, are left; they are returned by name.
func ownOptions(env map[string]string) (kept map[string]string, left []string) {
	kept = map[string]string{}
	options := reflect.TypeFor[lib.Options]()
	for i := range options.NumField() {
		field := options.Field(i)
		name := field.Tag.Get("envconfig")
		value, set := env[name]
		if name == "" || !set {
			continue
		}
		option, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if option == "-" { // not in JSON; its name in scripts and flags is that of the field
			option = field.Name
		}
		if slices.ContainsFunc(wrapper.Kept, func(k string) bool { return strings.EqualFold(k, option) }) {
			kept[name] = value
		} else {
			left = append(left, name)
		}
	}
	for _, name := range []string{"K6_CONFIG", "K6_FEATURES", "K6_OUT"} { // of k6's command line
		if _, set := env[name]; set {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	return kept, left
}

// k6Error is a line of k6's log that says why k6 gave up.
var k6Error = regexp.MustCompile(`level=error msg=("(?:[^"\\]|\\.)*"|\S+)`)

// What k6 puts around an error: the name of the script that it reads from its standard input, and where in that it happened.
var (
	k6Heading = regexp.MustCompile(`^(?:could not initialize '-': |could not load JS test 'file:///-': )*`)
	k6Place   = regexp.MustCompile(` at \S+ \(file:///-:\S+\)$`)
)

// k6Syntax is an error of k6's parser with its place.
var k6Syntax = regexp.MustCompile(`^(file:///\S+): Line (\d+:\d+) (.*)`)

// k6Frame is where in a file something is, as k6's stack traces say it.
var k6Frame = regexp.MustCompile(`\bat (?:\S+ \()?(file:///[^\s()]+?):(\d+:\d+)\(\d+\)`)

// generatorLost is why the load generator ended by itself. An error of a script of the user's own is headed by the script.
func (r *run) generatorLost() error {
	own := r.Experiment.Journeys.Script
	if own == "" {
		return r.generator.Lost()
	}
	text := scriptError(r.generator.Tail())
	if text == "" {
		return r.generator.Lost()
	}
	how := "exit status 0"
	if err := r.generator.Err(); err != nil {
		how = err.Error()
	}
	return fmt.Errorf("script %s: %s\n    (k6 ended with %s; its log is in %s)", own, secret.Hide(text), how, r.dir.Path(logFile))
}

// scriptError is the last error in k6's log, headed by the place in the user's own files where it was thrown; "" if there is
// none.
func scriptError(log string) string {
	found := k6Error.FindAllStringSubmatch(log, -1)
	if len(found) == 0 {
		return ""
	}
	text := found[len(found)-1][1]
	if plain, err := strconv.Unquote(text); err == nil {
		text = plain
	}
	first, trace, _ := strings.Cut(strings.TrimSpace(text), "\n")
	first = k6Place.ReplaceAllString(k6Heading.ReplaceAllString(first, ""), "")
	if at := k6Syntax.FindStringSubmatch(first); at != nil {
		return path(at[1]) + ":" + at[2] + ": " + at[3]
	}
	for _, frame := range k6Frame.FindAllStringSubmatch(trace, -1) {
		if file := path(frame[1]); file != "/-" && filepath.Base(file) != wrapper.OwnEnv {
			return file + ":" + frame[2] + ": " + first
		}
	}
	return first
}

// path is the path of a file's URL; one that would not print on a line stays as the URL has it.
func path(address string) string {
	if u, err := url.Parse(address); err == nil && strings.IndexFunc(u.Path, unicode.IsControl) < 0 {
		return filepath.FromSlash(u.Path)
	}
	return address
}
