package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// envSeed is the variable with the seed of the mutations, 1 without it: what a change breaks is found when it is made. The nightly job
// draws another one every time.
const envSeed = "TOLLGATE_MUTATION_SEED"

// Bounds of what one damaged run may take until it is refused or reported.
const (
	mutationTime   = 30 * time.Second // a hundred times what is usual, on a busy machine
	mutationMemory = 1 << 30          // bytes taken in all, most of them given back
)

// TestMutations damages run directories at random. No damage may make the tool panic, hang or take memory without end, and none may
// change the verdict or the catch without a word: a run that has ended is refused unless it says the same as before; one that was
// killed, or is older and has no digests, says so itself.
func TestMutations(t *testing.T) {
	seed := uint64(1)
	if text := os.Getenv(envSeed); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", envSeed, err)
		}
	}
	t.Logf("seed: %s=%d", envSeed, seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, kind := range []struct {
		name   string
		n      int
		status string
		edit   func(run string) string // of run.json
		says   string                  // in every report, undamaged or not
	}{
		{name: "complete", n: 700, status: result.Complete},
		{name: "partial", n: 100, status: result.Partial, says: "the run is partial: "},
		{name: "killed", n: 100, status: result.Running, says: "the run is partial: "},
		{name: "older", n: 100, status: result.Running, says: "cannot be checked", edit: func(run string) string {
			return strings.NewReplacer(`"schema": 3`, `"schema": 2`, `"running"`, `"complete"`).Replace(run)
		}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			files := smallRun(t, kind.status)
			if kind.edit != nil {
				files[result.RunFile] = kind.edit(files[result.RunFile])
			}
			whole, err := judged(t, files, mutation{})
			if err != nil || !strings.Contains(whole, kind.says) {
				t.Fatalf("undamaged: %v", err)
			}
			refused, same := 0, 0
			for range kind.n {
				m := mutate(rng, files)
				got, err := judged(t, files, m)
				switch {
				case err != nil:
					refused++
				case got == whole:
					same++
				case kind.says == "" || !strings.Contains(got, kind.says):
					t.Errorf("seed %d: %s: says another thing without a warning:\n%s\nbefore:\n%s", seed, m, got, whole)
				}
			}
			t.Logf("%d refused, %d of %d as before", refused, same, kind.n)
			if refused == 0 {
				t.Error("nothing was refused")
			}
		})
	}
}

// smallRun is the smallest run that has everything, as the text of its files.
func smallRun(t *testing.T, status string) map[string]string {
	t.Helper()
	spec := verdicttest.Default(1)
	spec.Launches, spec.Rounds, spec.PerSlot = 2, 2, 10
	d := verdicttest.Build(spec)
	d.Slots = slices.DeleteFunc(d.Slots, func(s result.Slot) bool { return s.Phase == slot.Catch && s.Order%10 != 0 })
	d.Run.Budgets, d.Run.Status = []string{"full: p50 <= +200%"}, status
	dir := filepath.Join(t.TempDir(), "run")
	if err := verdicttest.Write(dir, d); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range mutable {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
	}
	return out
}

// mutable are the files that are damaged.
var mutable = []string{result.RunFile, result.LatencyFile, result.CostFile, result.FaultsFile, result.AlertsFile, result.EvidenceFile, result.VolumeFile}

// mutation is damage to one file: other text, or something else in its place.
type mutation struct {
	file, how string
	text      string
	put       func(path string) error
}

func (m mutation) String() string { return m.file + ": " + m.how }

// mutate draws one damage.
func mutate(rng *rand.Rand, files map[string]string) mutation {
	m := mutation{file: mutable[rng.IntN(len(mutable))]}
	text := files[m.file]
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	at := rng.IntN(len(lines))
	edits := []struct {
		how string
		do  func() string
	}{
		{"a bit is flipped", func() string {
			b := []byte(text)
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
			return string(b)
		}},
		{"it is cut", func() string { return text[:rng.IntN(len(text))] }},
		{"it is cut behind a line", func() string { return strings.Join(lines[:at], "") }},
		{"a line is gone", func() string {
			return strings.Join(append(append([]string(nil), lines[:at]...), lines[at+1:]...), "") + "\n"
		}},
		{"a line is there twice", func() string { return strings.Join(lines[:at], "") + lines[at] + strings.Join(lines[at:], "") + "\n" }},
		{"two lines are swapped", func() string {
			swapped, other := append([]string(nil), lines...), rng.IntN(len(lines))
			swapped[at], swapped[other] = swapped[other], swapped[at]
			return strings.Join(swapped, "")
		}},
		{"a number is another", func() string {
			by := []string{"-1", "0", "NaN", "1e300", "1e18", "9223372036854775807", "-9223372036854775808", "0.5", "null", `"1"`, "123456789"}
			return replaceOne(rng, text, `-?[0-9]+(\.[0-9]+)?`, by[rng.IntN(len(by))])
		}},
		{"a key is another", func() string { return replaceOne(rng, text, `"[a-z_]+":`, `"renamed":`) }},
		{"a value is another", func() string {
			return replaceOne(rng, text, `"[^"\\\n]*"`, []string{`""`, `"off"`, `"full"`, `"firing"`, `"toll"`}[rng.IntN(5)])
		}},
		{"it is empty", func() string { return "" }},
	}
	if i := rng.IntN(len(edits) + 2); i < len(edits) {
		m.how, m.text = edits[i].how, edits[i].do()
		m.put = func(path string) error { return os.WriteFile(path, []byte(m.text), 0o600) }
	} else if i == len(edits) {
		m.how, m.put = "it is gone", func(string) error { return nil }
	} else {
		m.how, m.put = "it is a directory", func(path string) error { return os.Mkdir(path, 0o700) }
	}
	return m
}

// replaceOne replaces one of the matches of a pattern.
func replaceOne(rng *rand.Rand, text, pattern, by string) string {
	all := regexp.MustCompile(pattern).FindAllStringIndex(text, -1)
	if len(all) == 0 {
		return text
	}
	at := all[rng.IntN(len(all))]
	return text[:at[0]] + by + text[at[1]:]
}

// judged is what is said of a damaged run: its verdict with the reasons, the notes and the catch. Every format is rendered.
func judged(t *testing.T, files map[string]string, m mutation) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		put := func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
		if name == m.file {
			put = m.put
		}
		if err := put(path); err != nil {
			t.Fatal(err)
		}
	}
	type answer struct {
		text string
		err  error
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("%s: panic: %v", m, p)
				done <- answer{err: fmt.Errorf("panic: %v", p)}
			}
		}()
		text, err := said(dir)
		done <- answer{text, err}
	}()
	select {
	case a := <-done:
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > mutationMemory {
			t.Errorf("%s: took %d bytes of memory", m, took)
		}
		return a.text, a.err
	case <-time.After(mutationTime):
		t.Fatalf("%s: neither refused nor reported within %v; the file:\n%.2000s", m, mutationTime, m.text)
		return "", nil
	}
}

func said(dir string) (string, error) {
	data, err := result.Read(dir)
	if err != nil {
		return "", err
	}
	a, err := verdict.Analyze(data)
	if err != nil {
		return "", err
	}
	for _, f := range All() {
		if err := f.Render(verbose(io.Discard), a); err != nil {
			return "", err
		}
	}
	var out bytes.Buffer
	if err := errors.Join(Verdict(verbose(&out), a), Verdict(io.Discard, a), All()[0].Render(io.Discard, a)); err != nil {
		return "", err
	}
	catch, err := json.Marshal(a.Catch)
	return out.String() + strings.Join(a.Notes, "\n") + "\n" + strings.Join(a.Reasons, "\n") + "\n" + string(catch), err
}
