package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/tollgate-dev/tollgate/internal/files"
	"github.com/tollgate-dev/tollgate/internal/slot"
)

// Data is a whole run directory, read.
type Data struct {
	Run     Run
	Latency []Interval
	Slots   []Slot
	Faults  []FaultEvent
	Alerts  []AlertEvent
}

// Writer writes a run directory. It is safe for concurrent use.
type Writer struct {
	dir    string
	mu     sync.Mutex
	run    Run
	cost   *os.File
	faults *os.File
	alerts *os.File
}

// Create makes the directory (it must not exist, or be empty) and writes run.json with Status Running.
func Create(dir string, run Run) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
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
	}{{&w.cost, CostFile}, {&w.faults, FaultsFile}, {&w.alerts, AlertsFile}} {
		if *f.file, err = os.OpenFile(w.Path(f.name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
			return nil, fmt.Errorf("result: %w", err)
		}
	}
	for _, sub := range []string{SeriesDir, TelemetryDir} {
		if err := os.Mkdir(w.Path(sub), 0o755); err != nil {
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
	text, err := json.MarshalIndent(w.run, "", "  ")
	if err != nil {
		return fmt.Errorf("result: run.json: %w", err)
	}
	err = files.Write(w.Path(RunFile), func(f io.Writer) error {
		_, err := f.Write(append(text, '\n'))
		return err
	})
	if err != nil {
		return fmt.Errorf("result: %w", err)
	}
	return nil
}

// Slot appends to cost.jsonl.
func (w *Writer) Slot(s Slot) error { return w.append(w.cost, s) }

// Fault appends to faults.jsonl.
func (w *Writer) Fault(e FaultEvent) error { return w.append(w.faults, e) }

// Alert appends to alerts.jsonl.
func (w *Writer) Alert(e AlertEvent) error { return w.append(w.alerts, e) }

// Close closes the files; the status in run.json stays as it is.
func (w *Writer) Close() error {
	return errors.Join(w.cost.Close(), w.faults.Close(), w.alerts.Close())
}

func (w *Writer) append(f *os.File, record any) error {
	line, err := json.Marshal(record)
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

// Read reads a run directory. It skips a last line that a killed run left incomplete. Everything else that cannot be read is an
// error, which names the file and line.
func Read(dir string) (*Data, error) {
	text, err := os.ReadFile(filepath.Join(dir, RunFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("result: %s is not a run directory: it has no %s", dir, RunFile)
	}
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	var d Data
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return nil, fmt.Errorf("result: %s is cut off or damaged (%w): tollgate replaces it as a whole, so it became so later: copy the directory again",
			filepath.Join(dir, RunFile), err)
	}
	if version.Schema < 1 || version.Schema > Schema {
		return nil, fmt.Errorf("result: %s has schema %d; this tollgate reads 1 to %d: use the version that wrote it, or a newer one",
			dir, version.Schema, Schema)
	}
	if err := json.Unmarshal(text, &d.Run); err != nil {
		return nil, fmt.Errorf("result: %s: %w", filepath.Join(dir, RunFile), err)
	}
	if version.Schema < 2 {
		if err := d.Run.fromSchema1(text); err != nil {
			return nil, fmt.Errorf("result: %s: %w", filepath.Join(dir, RunFile), err)
		}
	}
	if d.Latency, err = ReadLatency(filepath.Join(dir, LatencyFile)); err != nil {
		return nil, err
	}
	if d.Slots, err = readLines[Slot](filepath.Join(dir, CostFile)); err != nil {
		return nil, err
	}
	loaded := slices.ContainsFunc(d.Slots, func(s Slot) bool { return s.Phase != slot.Idle }) // a slot's histograms are written before its line
	if loaded && len(d.Latency) == 0 {
		return nil, fmt.Errorf("result: %s is not whole: %s has slots under load and %s has no histogram: copy the directory again",
			dir, CostFile, LatencyFile)
	}
	if d.Faults, err = readLines[FaultEvent](filepath.Join(dir, FaultsFile)); err != nil {
		return nil, err
	}
	if d.Alerts, err = readLines[AlertEvent](filepath.Join(dir, AlertsFile)); err != nil {
		return nil, err
	}
	return &d, nil
}

func readLines[T any](path string) ([]T, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	var out []T
	lines := bytes.Split(text, []byte("\n")) // the part behind the last newline is empty, or incomplete
	for i, line := range lines[:len(lines)-1] {
		var record T
		if err := json.Unmarshal(line, &record); err != nil {
			return nil, fmt.Errorf("result: %s:%d: %w", path, i+1, err)
		}
		out = append(out, record)
	}
	return out, nil
}
