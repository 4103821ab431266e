// Package volume says what telemetry is made of: which span names, log events and metrics the bytes are that services export. An arm's
// pipeline keeps the exports of a slot as they came (Tap). They are taken apart (Tally) in the process of the run, after the slot was
// metered, so that no CPU time of any level has that work.
package volume

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Export is the body of one OTLP request: protobuf, no longer compressed.
type Export struct {
	Signal     string // result.InSpans, InLogs or InMetrics
	Compressed bool   // it came compressed, or in chunks that do not tell their length
	Body       []byte
}

// signals are those of an Export, by their number in its head.
var signals = [...]string{result.InSpans, result.InLogs, result.InMetrics}

// headSize is the length of the head: number of the signal, 1 if it was compressed, length of the body.
const headSize = 1 + 1 + 4

// putHead writes the head of an export into the first bytes of to.
func putHead(to []byte, signal byte, compressed bool, length int) {
	to[0], to[1] = signal, 0
	if compressed {
		to[1] = 1
	}
	binary.BigEndian.PutUint32(to[2:], uint32(length)) // #nosec G115 -- at most the size of a Tap
}

// Parse reads what Tap.Take has written. The bodies are parts of text.
func Parse(text []byte) ([]Export, error) {
	var out []Export
	for len(text) > 0 {
		if len(text) < headSize {
			return nil, errors.New("volume: exports end within a head")
		}
		signal, compressed, length := text[0], text[1], binary.BigEndian.Uint32(text[2:])
		text = text[headSize:]
		if int(signal) >= len(signals) || compressed > 1 || uint64(length) > uint64(len(text)) {
			return nil, fmt.Errorf("volume: exports have a head of signal %d, compressed %d and %d bytes, and %d follow", signal, compressed, length, len(text))
		}
		out = append(out, Export{signals[signal], compressed == 1, text[:length]})
		text = text[length:]
	}
	return out, nil
}
