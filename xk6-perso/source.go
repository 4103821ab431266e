package perso

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/lib/fsext"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// Limits of a population: what a generator on a small machine can still hold.
const (
	maxUsers = 1_000_000
	maxItems = 100_000
)

// Source is where journeys come from, as a script holds it.
type Source struct {
	// Description says in words what it is, e.g. "population of 1000 users and 200 items, seed 1".
	Description string

	source *journey.Source
}

func newSource(s *journey.Source) *Source { return &Source{Description: s.Description, source: s} }

// defaultPeople is the population of a script that names none.
func defaultPeople() journey.People { return journey.People{Seed: 1, Users: 1000, Items: 200} }

// peopleFields are the options of population, and part of those of sessions.
func peopleFields(p *journey.People) fields {
	const safe = 1<<53 - 1 // whole numbers that a JavaScript number can hold
	return fields{
		"seed":  intOption(&p.Seed, -safe, safe),
		"users": intOption(&p.Users, 1, maxUsers),
		"items": intOption(&p.Items, 1, maxItems),
	}
}

// population is perso.population(options).
func (i *instance) population(options sobek.Value) sobek.Value {
	p := defaultPeople()
	i.must(decode(i.vu.Runtime(), "population", options, peopleFields(&p)))
	s, err := i.root.shared(fmt.Sprintf("population %+v", p), func() (*Source, error) {
		return newSource(journey.FromPopulation(p)), nil
	})
	i.must(err)
	return i.value(s)
}

// errInitOnly is the error of a call that works only in the init context.
func errInitOnly(call string) error {
	return fmt.Errorf("perso: %s only works in the init context: call it outside of functions, where open() works too", call)
}

// sessionOptions are the options of sessions, and the key under which VUs share a source.
type sessionOptions struct {
	people   journey.People
	gapLimit time.Duration
	speed    float64
	arrivals string
	format   string
	columns  string
	from     time.Duration
	leaveOut bool
	loop     bool
	base     string
}

// Where a relative path starts, and when sessions do.
const (
	baseScript = "script"
	baseCwd    = "cwd"

	arrivalsPoisson  = "poisson"
	arrivalsRecorded = "recorded"
)

// sessions is perso.sessions(path, options).
func (i *instance) sessions(path, options sobek.Value) sobek.Value {
	o := sessionOptions{people: defaultPeople(), speed: 1, arrivals: arrivalsPoisson, loop: true, base: baseScript}
	f := peopleFields(&o.people)
	f["gapLimit"] = durationOption(&o.gapLimit, 0, 10_000*time.Hour)
	f["speed"] = floatOption(&o.speed, 1e-3, 1e6)
	f["arrivals"] = textOption(&o.arrivals, arrivalsPoisson, arrivalsRecorded)
	f["format"] = textOption(&o.format, journey.Formats()...)
	f["columns"] = textOption(&o.columns)
	f["from"] = durationOption(&o.from, 0, 1_000_000*time.Hour)
	f["leaveOut"] = boolOption(&o.leaveOut)
	f["loop"] = boolOption(&o.loop)
	f["base"] = textOption(&o.base, baseScript, baseCwd)
	i.must(decode(i.vu.Runtime(), "sessions", options, f))

	env := i.vu.InitEnv()
	if env == nil {
		i.must(errInitOnly("sessions"))
	}
	name, ok := "", false
	if path != nil {
		name, ok = path.Export().(string)
	}
	if !ok || name == "" {
		i.must(errors.New("perso: sessions: the first argument must be the path of a file, e.g. clicks.tsv"))
	}
	full, err := resolve(env, name, o.base)
	i.must(err)
	s, err := i.root.shared(fmt.Sprintf("sessions %q %+v", full, o), func() (*Source, error) { return o.load(env, name, full) })
	i.must(err)
	return i.value(s)
}

// resolve makes a path absolute, as open() does or against the working directory.
func resolve(env *common.InitEnvironment, name, base string) (string, error) {
	name = strings.TrimPrefix(name, "file://")
	if base == baseScript || filepath.IsAbs(name) {
		return env.GetAbsFilePath(name), nil
	}
	cwd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("perso: sessions: %w", err)
	}
	return env.GetAbsFilePath(filepath.Join(cwd, name)), nil
}

// load reads the file at full.
func (o sessionOptions) load(env *common.InitEnvironment, name, full string) (*Source, error) {
	file, err := openSessions(env.FileSystems["file"], full)
	if err != nil {
		return nil, fmt.Errorf("perso: sessions: cannot read %s (relative paths start at the %s): %w", name, o.base, err)
	}
	defer file.Close()
	read, err := journey.Read(name, file, journey.Reading{
		Format: o.format, Columns: o.columns, LeaveOut: o.leaveOut, From: o.from, Names: loadOptions(),
	})
	if err != nil {
		return nil, fmt.Errorf("perso: sessions: %w", err)
	}
	how := journey.Replay{Name: name, GapLimit: o.gapLimit, Speed: o.speed, Once: !o.loop, Recorded: o.arrivals == arrivalsRecorded}
	return newSource(journey.FromFile(read, how, o.people)), nil
}

// maxArchived is the most bytes of a file that k6's file system reads, which holds it in memory, so that it becomes part of a
// `k6 archive`. A longer one is read from the disk.
const maxArchived = 64 << 20

// openSessions opens a file of sessions, and refuses what is no file.
func openSessions(disk fsext.Fs, full string) (io.ReadCloser, error) {
	if info, err := os.Stat(full); err == nil && (!info.Mode().IsRegular() || info.Size() > maxArchived) {
		return files.OpenRegular(full)
	}
	return disk.Open(full)
}

// loadOptions are the options of sessions and drive, as a script writes them.
func loadOptions() journey.Options {
	return journey.Options{
		Format:   "format: '%s'",
		Columns:  "columns: '%s'",
		GapLimit: "gapLimit: '%s' in sessions()",
		Speed:    "speed: %s in sessions()",
		Seed:     "seed: %s in sessions() or population()",
		Rate:     "rate: %s",
		Drawn:    "arrivals: 'poisson' in sessions()",
	}
}
