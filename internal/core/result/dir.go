package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/tollgate-dev/tollgate/internal/core/files"
)

// Data is a whole run directory, read.
type Data struct {
	Run     Run
	Latency []Interval
	Slots   []Slot
	Faults  []FaultEvent
	Alerts  []AlertEvent

	Examples []Example // none in older runs
	Volumes  []Volume  // none in older runs, and where the pipeline cannot tell

	CPUProfiles []CPUProfile // with their texts; none in older runs

	Notes []string // what a reader of the run must know of its files
}

// Writer writes a run directory. It is safe for concurrent use.
type Writer struct {
	dir    string
	mu     sync.Mutex
	run    Run
	cost   *os.File
	faults *os.File
	alerts *os.File

	evidence *os.File
	volume   *os.File
	profiles *os.File
}

// Create makes the directory (it must not exist, or be empty) and writes run.json with Status Running. What is in the directory is
// for its user only; a directory that exists keeps its mode.
func Create(dir string, run Run) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	if entries, err := os.ReadDir(dir); err != nil {
		return nil, fmt.Errorf("result: %w", err)
	} else if len(entries) > 0 {
		return nil, fmt.Errorf("result: %s is not empty: name another directory with --out", dir)
	}
	w := &Writer{dir: dir, run: run}
	w.run.Schema, w.run.Status = Schema, Running
	var err error
	for _, f := range []struct {
		file **os.File
		name string
	}{{&w.cost, CostFile}, {&w.faults, FaultsFile}, {&w.alerts, AlertsFile}, {&w.evidence, EvidenceFile}, {&w.volume, VolumeFile}, {&w.profiles, ProfilesFile}} {
		if *f.file, err = files.New(w.Path(f.name)); err != nil {
			return nil, fmt.Errorf("result: %w", err)
		}
	}
	for _, sub := range []string{SeriesDir, TelemetryDir, ProfilesDir} {
		if err := os.Mkdir(w.Path(sub), 0o700); err != nil {
			return nil, fmt.Errorf("result: %w", err)
		}
	}
	return w, w.Update(func(*Run) {})
}

// Dir returns the path of the run directory.
func (w *Writer) Dir() string { return w.dir }

// Run returns the present contents of run.json.
func (w *Writer) Run() Run {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.run
}

// Path returns a path inside the run directory.
func (w *Writer) Path(elem ...string) string {
	return filepath.Join(append([]string{w.dir}, elem...)...)
}

// Update changes the run and replaces run.json atomically.
func (w *Writer) Update(change func(*Run)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.run)
	return w.replace()
}

// replace writes run.json anew.
func (w *Writer) replace() error {
	text, err := w.run.text()
	if err != nil {
		return err
	}
	if err := files.Write(w.Path(RunFile), text); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	return nil
}

// Finish changes the run for the last time, seals it, and closes the files. Nothing may be written any more, to the latency log
// neither.
func (w *Writer) Finish(change func(*Run)) error {
	if err := w.Close(); err != nil {
		return err
	}
	root, err := os.OpenRoot(w.dir)
	if err != nil {
		return fmt.Errorf("result: %w", err)
	}
	defer root.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.run)
	w.run.Files = map[string]Written{}
	for _, name := range recordFiles() {
		written, _, err := scan(root, name, func(int, []byte) error { return nil })
		if err != nil {
			return fmt.Errorf("result: %w", err)
		}
		w.run.Files[name] = written
	}
	return w.replace()
}

// Slot appends to cost.jsonl.
func (w *Writer) Slot(s Slot) error { return w.append(w.cost, s) }

// Fault appends to faults.jsonl.
func (w *Writer) Fault(e FaultEvent) error { return w.append(w.faults, e) }

// Alert appends to alerts.jsonl.
func (w *Writer) Alert(e AlertEvent) error { return w.append(w.alerts, e) }

// Example appends to evidence.jsonl.
func (w *Writer) Example(e Example) error { return w.append(w.evidence, e) }

// Volume appends to volume.jsonl.
func (w *Writer) Volume(v Volume) error { return w.append(w.volume, v) }

// Close closes the files; the status in run.json stays as it is.
func (w *Writer) Close() error {
	return errors.Join(w.cost.Close(), w.faults.Close(), w.alerts.Close(), w.evidence.Close(), w.volume.Close(), w.profiles.Close())
}

func (w *Writer) append(f *os.File, r record) error {
	if err := r.check(w.Run()); err != nil { // else the run could not be read
		return fmt.Errorf("result: %s: %w", filepath.Base(f.Name()), err)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("result: %s: %w", filepath.Base(f.Name()), err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := f.Write(append(line, '\n')); err != nil { // one write per record, so that a kill does not mix records
		return fmt.Errorf("result: %w", err)
	}
	return nil
}
