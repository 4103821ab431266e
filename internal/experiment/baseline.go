package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
)

// Baseline are detection limits that may not become larger faults. One file has those of any number of sweeps.
type Baseline struct {
	Limits []BaselineLimit `yaml:"limits"`
}

// BaselineLimit is the largest fault that the detection limit of one level may be.
type BaselineLimit struct {
	Fault string  `yaml:"fault"`
	Param string  `yaml:"param"`
	Level string  `yaml:"level"`
	Limit float64 `yaml:"limit"` // in the unit of the parameter; 0.1 is 10 %
}

// ReadBaseline reads a file of detection limits. It refuses unknown keys and faults, values that are missing, and two limits of the
// same thing.
func ReadBaseline(path string) (*Baseline, error) {
	text, err := files.Read(path, files.Text)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	return parseBaseline(path, text)
}

// parseBaseline reads the text of a baseline; path is for messages.
func parseBaseline(path string, text []byte) (*Baseline, error) {
	var b Baseline
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&b); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("baseline: %s: %w", path, legalKeys(err))
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("baseline: %s: %w", path, err)
	}
	return &b, nil
}

func (b *Baseline) check() error {
	if len(b.Limits) == 0 {
		return errors.New("it has no limits: want a list limits of {fault, param, level, limit}")
	}
	seen := map[BaselineLimit]bool{}
	for i, l := range b.Limits {
		key := l
		key.Limit = 0
		switch {
		case l.Fault == "" || l.Param == "" || l.Level == "":
			return fmt.Errorf("limits[%d]: fault, param and level must be named, got %+v", i, l)
		case !(l.Limit > 0) || math.IsInf(l.Limit, 0):
			return fmt.Errorf("limits[%d]: limit must be a number above 0, got %v", i, l.Limit)
		case seen[key]:
			return fmt.Errorf("limits[%d]: %s of %s at %s is listed twice", i, l.Param, l.Fault, l.Level)
		}
		if err := faults.Known(l.Fault); err != nil {
			return fmt.Errorf("limits[%d]: %w", i, err)
		}
		seen[key] = true
	}
	return nil
}

// Of are the limits that a sweep is held to. There must be one. A limit that the sweep could not judge is refused: of a level that it
// does not have, or outside of its sizes.
func (b *Baseline) Of(s *result.Sweep, levels []string) ([]result.LevelLimit, error) {
	var out []result.LevelLimit
	for _, l := range b.Limits {
		if l.Fault != s.Fault || l.Param != s.Param {
			continue
		}
		if !slices.Contains(levels, l.Level) {
			return nil, fmt.Errorf("it has a limit of level %q, which is not swept: add it to the levels, which are %s", l.Level, strings.Join(levels, ", "))
		}
		if least, most := slices.Min(s.Sizes), slices.Max(s.Sizes); l.Limit < least || l.Limit > most {
			return nil, fmt.Errorf("the limit of level %s is %s, outside of the sizes of the sweep: from %s to %s",
				l.Level, sweep.Text(l.Limit, s.Unit), sweep.Text(least, s.Unit), sweep.Text(most, s.Unit))
		}
		out = append(out, result.LevelLimit{Level: l.Level, Limit: l.Limit})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("it has no limit for %s of %s, so that nothing would be judged", s.Param, s.Fault)
	}
	return out, nil
}

// baselineHead says what the file is, to whoever finds it.
const baselineHead = `# Detection limits: the largest size of a fault that each level may need for its alerts to notice it in 80 % of the passes.
# tollgate sweep --write-baseline writes the upper ends of the intervals that it measured; tollgate sweep --baseline judges by them.
# A limit is in the unit of the parameter; of a share, 0.1 is 10 %.
`

// CheckBaselineFile says whether WriteBaseline could write to a path: what is there must be a baseline, or nothing in a directory.
func CheckBaselineFile(path string) error {
	_, err := ReadBaseline(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("baseline: %s cannot be written: %s is no directory", path, dir)
	}
	return nil
}

// WriteBaseline writes the limits of a sweep into a file, in place of those of the same sweep; those of others stay. What is written
// is the end of the interval that is the larger fault. It returns the levels where that end is open, which are left out.
func WriteBaseline(path string, s *result.Sweep, limits []catch.Limit) (left []string, err error) {
	b := &Baseline{}
	switch before, err := ReadBaseline(path); {
	case err == nil:
		b = before
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	b.Limits = slices.DeleteFunc(b.Limits, func(l BaselineLimit) bool { return l.Fault == s.Fault && l.Param == s.Param })
	written := 0
	for _, l := range limits {
		end := l.Hi
		if s.Falls {
			end = l.Lo
		}
		if math.IsInf(end, 0) {
			left = append(left, l.Level)
			continue
		}
		b.Limits = append(b.Limits, BaselineLimit{s.Fault, s.Param, l.Level, min(max(sweep.Outward(end, s.Falls), slices.Min(s.Sizes)), slices.Max(s.Sizes))})
		written++
	}
	if written == 0 {
		return left, fmt.Errorf("baseline: no level has a limit that the sweep could enclose, so that %s is not written: sweep larger faults, or more repeats", path)
	}
	var text bytes.Buffer
	text.WriteString(baselineHead)
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(b), enc.Close()); err != nil {
		return left, fmt.Errorf("baseline: %w", err)
	}
	if err := files.Write(path, text.Bytes()); err != nil {
		return left, fmt.Errorf("baseline: %w", err)
	}
	return left, nil
}
