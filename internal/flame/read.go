// Package flame reads CPU profiles, says which kind of code each sample was in, and folds stacks into a tree that can be drawn. It
// knows nothing of runs and levels.
package flame

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/google/pprof/profile"
)

// mostRead is how many bytes a profile may have once it is decompressed.
const mostRead = 64 << 20

// mostFrames is how many frames of a stack are read, from the leaf. The Go runtime itself records at most 128 calls.
const mostFrames = 512

// Sample is a stack in which the process was seen, as often as Count says.
type Sample struct {
	Frames []Frame       // the leaf first
	Count  int64         // samples
	CPU    time.Duration // that they stand for
}

// Read reads a CPU profile in the format of pprof, gzipped or not: a profile that has a value of type cpu in a unit of time. It is an
// error if the text is none, or is too long.
func Read(text []byte) ([]Sample, error) {
	plain, err := unzip(text)
	if err != nil {
		return nil, err
	}
	if len(plain) == 0 {
		return nil, errors.New("no CPU profile: it is empty")
	}
	p, err := profile.ParseUncompressed(plain)
	if err == nil {
		err = p.CheckValid()
	}
	if err != nil {
		return nil, fmt.Errorf("no CPU profile in the format of pprof: %w", err)
	}
	cpu, unit, err := cpuValue(p)
	if err != nil {
		return nil, err
	}
	return samples(p, cpu, unit)
}

// unzip decompresses what is gzipped.
func unzip(text []byte) ([]byte, error) {
	if !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		return text, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("no CPU profile: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, mostRead+1))
	if err != nil {
		return nil, fmt.Errorf("no CPU profile: %w", err)
	}
	if len(plain) > mostRead {
		return nil, fmt.Errorf("the CPU profile has more than %d bytes once it is decompressed", mostRead)
	}
	return plain, nil
}

// cpuValue finds the value that is CPU time, and its unit.
func cpuValue(p *profile.Profile) (index int, unit time.Duration, err error) {
	units := map[string]time.Duration{
		"nanoseconds": time.Nanosecond, "microseconds": time.Microsecond, "milliseconds": time.Millisecond, "seconds": time.Second,
	}
	var has []string
	for i, t := range p.SampleType {
		if unit, ok := units[t.Unit]; ok && t.Type == "cpu" {
			return i, unit, nil
		}
		has = append(has, t.Type+"/"+t.Unit)
	}
	return 0, 0, fmt.Errorf("no CPU profile: want a value of type cpu in nanoseconds, got %.200q", has)
}

// samples are those of a profile that counted anything.
func samples(p *profile.Profile, cpu int, unit time.Duration) ([]Sample, error) {
	count := -1
	for i, t := range p.SampleType {
		if t.Unit == "count" {
			count = i
		}
	}
	known := map[uint64]Frame{}
	for _, f := range p.Function {
		known[f.ID] = frameOf(f.Name)
	}
	var out []Sample
	var sum float64
	for _, s := range p.Sample {
		value := s.Value[cpu]
		if value == 0 {
			continue
		}
		if sum += float64(value) * float64(unit); value < 0 || sum > math.MaxInt64/4 {
			return nil, fmt.Errorf("the CPU profile has a sample of %d %s", value, p.SampleType[cpu].Unit)
		}
		n := value * int64(unit) / max(1, p.Period) // by the period, in nanoseconds
		if count >= 0 {
			n = s.Value[count]
		}
		if n < 0 || n > 1e12 {
			return nil, fmt.Errorf("the CPU profile has a sample that counts %d", n)
		}
		out = append(out, Sample{framesOf(s, known), n, time.Duration(value) * unit})
	}
	return out, nil
}

// framesOf is the stack of a sample, the leaf first; calls that the compiler has inlined are frames of their own.
func framesOf(s *profile.Sample, known map[uint64]Frame) []Frame {
	var out []Frame
	for _, l := range s.Location {
		for _, line := range l.Line {
			if len(out) == mostFrames {
				return out
			}
			if line.Function != nil {
				out = append(out, known[line.Function.ID])
			}
		}
		if len(l.Line) == 0 {
			out = append(out, Frame{Function: "unknown code", Group: app})
		}
	}
	return out
}
