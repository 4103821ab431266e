package result

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Written is a file of records as a run left it.
type Written struct {
	Bytes  int64  `json:"bytes"`
	Lines  int64  `json:"lines"`
	SHA256 string `json:"sha256"` // in hexadecimal
}

// recordFiles are the files of records: what a verdict is made of, together with run.json.
func recordFiles() []string {
	return []string{LatencyFile, CostFile, FaultsFile, AlertsFile, EvidenceFile, VolumeFile, ProfilesFile}
}

// undigested stands for the digest of run.json while that is computed.
var undigested = strings.Repeat("0", 2*sha256.Size)

// text is run.json, with its digest if the run is sealed.
func (r Run) text() ([]byte, error) {
	sealed := r.Files != nil
	if r.Digest = ""; sealed {
		r.Digest = undigested
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("result: run.json: %w", err)
	}
	text = append(text, '\n')
	if sealed {
		replaceLast(text, undigested, digestOf(text))
	}
	return text, nil
}

// checkSeal refuses a run that has ended and is not sealed, and a run.json that is not as the run wrote it.
func (r Run) checkSeal(text []byte) error {
	if r.Schema < 3 || r.Status == Running && r.Files == nil && r.Digest == "" {
		return nil
	}
	blank := bytes.Clone(text)
	if r.Files == nil || len(r.Digest) != len(undigested) || !replaceLast(blank, r.Digest, undigested) || digestOf(blank) != r.Digest {
		return fmt.Errorf("%s is not as the run wrote it: %s", RunFile, changed)
	}
	return nil
}

const changed = "it was cut or changed after the run: copy the directory again"

// check refuses a file that is not as the run wrote it.
func (w Written) check(name string, got Written) error {
	switch {
	case got == w:
		return nil
	case got.Bytes == w.Bytes && got.Lines == w.Lines:
		return fmt.Errorf("%s has other contents than the run wrote: %s", name, changed)
	default:
		return fmt.Errorf("%s has %d lines in %d bytes, and the run wrote %d in %d: %s", name, got.Lines, got.Bytes, w.Lines, w.Bytes, changed)
	}
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// replaceLast replaces the last occurrence of a text by one that is as long, in place.
func replaceLast(text []byte, old, by string) bool {
	at := bytes.LastIndex(text, []byte(old))
	if at >= 0 {
		copy(text[at:], by)
	}
	return at >= 0
}
