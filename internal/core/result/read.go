package result

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Limits of what is read into memory, bytes. They are far above what runs write: a catch of a day writes some 100 MB.
const (
	mostOfRun     = 64 << 20 // of run.json
	mostOfRecords = 1 << 30  // of a file of records
	mostOfLine    = 16 << 20 // of one of its lines
)

// Read reads a run directory. It skips a last line that a killed run left incomplete, and says so in Data.Notes. A file that is no
// longer as the run wrote it, a value that cannot be, and everything else that cannot be read is an error, which names the file and,
// where there is one, the line.
func Read(dir string) (*Data, error) {
	d, err := read(dir)
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	return d, nil
}

func read(dir string) (*Data, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a run directory: it is not there", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not a run directory: %w", dir, err)
	}
	defer root.Close()
	var d Data
	if d.Run, err = readRun(root); err != nil {
		return nil, err
	}
	if d.Run.Schema < 3 && d.Run.Status != Running {
		d.Notes = append(d.Notes, "an older tollgate recorded the run, without digests: "+
			"whether its files were cut or changed since then cannot be checked")
	}
	var place *Place
	cut := map[string]bool{} // files that end within a line
	scan := func(name string, each func(n int, line []byte) error) (err error) {
		cut[name], err = d.scan(root, name, each)
		return err
	}
	err = errors.Join(
		scan(LatencyFile, func(n int, line []byte) error {
			return d.latency(&place, fmt.Sprintf("%s:%d", filepath.Join(dir, LatencyFile), n), string(line))
		}),
		scan(CostFile, func(_ int, line []byte) error { return parse(&d.Slots, line, d.Run) }),
		scan(FaultsFile, func(_ int, line []byte) error { return parse(&d.Faults, line, d.Run) }),
		scan(AlertsFile, func(_ int, line []byte) error { return parse(&d.Alerts, line, d.Run) }),
		scan(EvidenceFile, func(_ int, line []byte) error { return parse(&d.Examples, line, d.Run) }),
		scan(VolumeFile, func(_ int, line []byte) error { return parse(&d.Volumes, line, d.Run) }),
		scan(ProfilesFile, func(_ int, line []byte) error { return parse(&d.CPUProfiles, line, d.Run) }),
	)
	if err != nil {
		return nil, err
	}
	if cut[AlertsFile] {
		d.endWithAlerts()
	}
	d.readProfiles(root)
	// A slot's histograms are written before its line.
	loaded := slices.ContainsFunc(d.Slots, func(s Slot) bool { return s.Phase != slot.Idle })
	if loaded && len(d.Latency) == 0 {
		return nil, fmt.Errorf("%s is not whole: %s has slots under load and %s has no histogram: copy the directory again",
			dir, CostFile, LatencyFile)
	}
	return &d, nil
}

// endWithAlerts leaves out what faults did after the last alert that is known: what alerts did then is lost, and a fault that nobody was
// told of would look missed.
func (d *Data) endWithAlerts() {
	var last time.Time
	for _, e := range d.Alerts {
		if e.Time.After(last) {
			last = e.Time
		}
	}
	all := len(d.Faults)
	d.Faults = slices.DeleteFunc(d.Faults, func(e FaultEvent) bool { return e.Time.After(last) })
	if n := all - len(d.Faults); n > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d of %d events of %s are left out: they are later than what is left of %s, so that "+
			"what alerts did is not known", n, all, FaultsFile, AlertsFile))
	}
}

// readRun reads run.json.
func readRun(root *os.Root) (Run, error) {
	var r Run
	path := filepath.Join(root.Name(), RunFile)
	f, err := openRegular(root, RunFile, mostOfRun)
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%s is not a run directory: it has no %s", root.Name(), RunFile)
	}
	if err != nil {
		return r, err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return r, err
	}
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return r, fmt.Errorf("%s is cut off or damaged (%w): tollgate replaces it as a whole, so it became so later: copy the directory again",
			path, err)
	}
	if version.Schema < 1 || version.Schema > Schema {
		return r, fmt.Errorf("%s has schema %d; this tollgate reads 1 to %d: use the version that wrote it, or a newer one",
			root.Name(), version.Schema, Schema)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if version.Schema < 2 {
		err = r.fromSchema1(text)
	}
	if err := errors.Join(err, r.checkSeal(text)); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if err := r.check(); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// scan reads the complete lines of a file of records, and says whether it ends within a line. If the run is sealed, the file must be as
// the run wrote it.
func (d *Data) scan(root *os.Root, name string, each func(n int, line []byte) error) (cut bool, err error) {
	path := filepath.Join(root.Name(), name)
	got, rest, parseErr := scan(root, name, each)
	if parseErr != nil && got == (Written{}) {
		return false, parseErr // it could not be read at all
	}
	if d.Run.Files != nil {
		wrote, known := d.Run.Files[name]
		if !known { // it was sealed before there was such a file
			wrote = Written{SHA256: digestOf(nil)}
		}
		if err := wrote.check(path, got); err != nil {
			return false, errors.Join(err, parseErr)
		}
	}
	if rest > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%s ends within its line %d, which is left out", name, got.Lines+1))
	}
	return rest > 0, parseErr
}

// scan reads a file to its end, with the complete lines up to the first error. It returns what the file is and how many bytes stand
// behind its last line. A file that is not there is empty.
func scan(root *os.Root, name string, each func(n int, line []byte) error) (Written, int64, error) {
	f, err := openRegular(root, name, mostOfRecords)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Written{}, 0, err
	}
	var from io.Reader = bytes.NewReader(nil)
	if err == nil {
		defer f.Close()
		from = f
	}
	var got Written
	var firstErr error
	sum := sha256.New()
	lines, whole := bufio.NewScanner(io.TeeReader(from, sum)), int64(0)
	lines.Buffer(nil, mostOfLine)
	lines.Split(func(data []byte, _ bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			whole += int64(i) + 1
			return i + 1, data[:i], nil
		}
		return 0, nil, nil // the part behind the last line is incomplete
	})
	for lines.Scan() {
		got.Lines++
		if firstErr == nil {
			if err := each(int(got.Lines), lines.Bytes()); err != nil {
				firstErr = fmt.Errorf("%s:%d: %w", filepath.Join(root.Name(), name), got.Lines, err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return Written{}, 0, fmt.Errorf("%s:%d: %w", filepath.Join(root.Name(), name), got.Lines+1, err)
	}
	if f != nil {
		if got.Bytes, err = f.Seek(0, io.SeekCurrent); err != nil {
			return Written{}, 0, err
		}
	}
	got.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return got, got.Bytes - whole, firstErr
}

// openRegular opens a file in a directory for reading. A link that leads out of the directory, a pipe, a device and a directory are
// refused, and so is a file that is too large. Opening a pipe does not wait for its other end.
func openRegular(root *os.Root, name string, most int64) (*os.File, error) {
	path := filepath.Join(root.Name(), name)
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		if info, linkErr := root.Lstat(name); linkErr == nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("%s is a link that leads out of the directory, or nowhere: want a file", path)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is no regular file (%s)", path, info.Mode())
	case info.Size() > most:
		err = fmt.Errorf("%s has %d bytes; tollgate reads at most %d of such a file", path, info.Size(), most)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// record is a line of a file of JSON lines.
type record interface{ check(Run) error }

// parse appends the record of a line.
func parse[T record](to *[]T, line []byte, r Run) error {
	var record T
	if err := json.Unmarshal(line, &record); err != nil {
		return err
	}
	*to = append(*to, record)
	return record.check(r)
}

// latency appends the interval of a line of the latency log, if it is one.
func (d *Data) latency(place **Place, at, line string) error {
	interval, ok, err := parseInterval(place, at, line)
	if err != nil || !ok {
		return err
	}
	d.Latency = append(d.Latency, interval)
	return interval.check(d.Run)
}
