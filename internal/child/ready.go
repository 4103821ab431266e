package child

import (
	"encoding/json"
	"fmt"
	"io"
)

// readyLine is what a child prints on stdout when it can do its work.
type readyLine struct {
	Ready bool              `json:"ready"`
	Addr  map[string]string `json:"addr"` // addresses by name
}

// Announce prints the line that tells the parent that this process can do its work, with its addresses by name.
func Announce(w io.Writer, addrs map[string]string) error {
	line, err := json.Marshal(readyLine{Ready: true, Addr: addrs})
	if err != nil {
		return fmt.Errorf("ready line: %w", err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil { // a single write, so that lines of several writers cannot mix
		return fmt.Errorf("ready line: %w", err)
	}
	return nil
}

// announced reads the addresses from a ready line; it reports false if the line is another one.
func announced(line []byte) (addrs map[string]string, ok bool) {
	var l readyLine
	if json.Unmarshal(line, &l) != nil || !l.Ready {
		return nil, false
	}
	return l.Addr, true
}
