package result

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/files"
)

// CPUProfile is one line of profiles.jsonl: a CPU profile that one service took of itself under load, after the rounds of a launch of
// the toll. Older runs have none, and neither have those in which toll.cpu_profile was 0.
type CPUProfile struct {
	Launch  int           `json:"launch"`
	Arm     string        `json:"arm"`
	Service string        `json:"service"`
	Start   time.Time     `json:"start"`
	Length  time.Duration `json:"length"` // ns; for so long the service was sampled
	// CPU is the CPU time that the kernel counted for the service in about that time, ns; 0 where it is not known.
	CPU time.Duration `json:"cpu,omitempty"`

	Load   time.Duration `json:"load"`   // ns; how long the arm was under load. The profile is from the middle of it
	Sent   int64         `json:"sent"`   // requests of the arm in Load
	Failed int64         `json:"failed"` // of these

	File    string `json:"file,omitempty"`    // in the run directory: pprof's protocol buffer, gzipped; "" if there is none
	Bytes   int64  `json:"bytes,omitempty"`   // of the file
	SHA256  string `json:"sha256,omitempty"`  // of the file, in hexadecimal
	Missing string `json:"missing,omitempty"` // why there is no file

	Text []byte `json:"-"` // of the file; nil if there is none
}

// MostProfile is how many bytes the file of one CPU profile may have; mostProfiles is how many all of them together may have.
const (
	MostProfile  = 4 << 20
	mostProfiles = 256 << 20
)

// ProfileFile is the name of the file of a CPU profile, e.g. profiles/full-gateway-1.pb.gz. Launches count from 1 in it.
func ProfileFile(arm, service string, launch int) string {
	return path.Join(ProfilesDir, fmt.Sprintf("%s-%s-%d.pb.gz", arm, service, launch+1))
}

func (p CPUProfile) check(r Run) error {
	errs := []error{inRange(reflect.ValueOf(p), "", ""), r.hasArm(p.Arm)}
	if p.Length == 0 || p.Load < p.Length {
		errs = append(errs, fmt.Errorf("length is %v and load %v: want a length above 0 and a load that is no shorter", p.Length, p.Load))
	}
	if p.Failed > p.Sent {
		errs = append(errs, fmt.Errorf("failed is %d, more than the %d sent", p.Failed, p.Sent))
	}
	if p.File != "" && p.File != ProfileFile(p.Arm, p.Service, p.Launch) {
		errs = append(errs, fmt.Errorf("file is %.100q: want %.100q", p.File, ProfileFile(p.Arm, p.Service, p.Launch)))
	}
	if (p.File == "") == (p.Missing == "") {
		errs = append(errs, errors.New("want a file, or why it is missing"))
	}
	return first(errs)
}

// CPUProfile writes a CPU profile: its text, if it has one, and then its line of profiles.jsonl.
func (w *Writer) CPUProfile(p CPUProfile) error {
	if len(p.Text) > 0 {
		p.File = ProfileFile(p.Arm, p.Service, p.Launch)
		p.Bytes, p.SHA256 = int64(len(p.Text)), digestOf(p.Text)
		if err := p.check(w.Run()); err != nil {
			return fmt.Errorf("result: %s: %w", ProfilesFile, err)
		}
		if err := files.Write(w.Path(filepath.FromSlash(p.File)), p.Text); err != nil {
			return fmt.Errorf("result: %w", err)
		}
	}
	return w.append(w.profiles, p)
}

// readProfiles reads the files of the CPU profiles. One that is not as the run wrote it is left out, and a note says so: nothing else
// depends on it.
func (d *Data) readProfiles(root *os.Root) {
	var sum, lost int64
	var example string
	for i := range d.CPUProfiles {
		p := &d.CPUProfiles[i]
		if p.File == "" {
			continue
		}
		text, err := readProfile(root, *p)
		if sum += int64(len(text)); err == nil && sum > mostProfiles {
			err = fmt.Errorf("the CPU profiles up to %s have more than %d bytes", p.File, mostProfiles)
		}
		if err != nil {
			if lost++; lost == 1 {
				example = err.Error()
			}
			p.File, p.Missing = "", err.Error()
			continue
		}
		p.Text = text
	}
	if lost > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("CPU profiles that are left out, since they cannot be read: %d, as %s", lost, example))
	}
}

func readProfile(root *os.Root, p CPUProfile) ([]byte, error) {
	f, err := openRegular(root, filepath.FromSlash(p.File), MostProfile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MostProfile))
	if err == nil && digestOf(text) != p.SHA256 {
		err = fmt.Errorf("%s is not as the run wrote it", p.File)
	}
	return text, err
}
