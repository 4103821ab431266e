package journey

import (
	"strings"
	"testing"
)

// parse reads a file that is in memory, and fits into it.
func parse(name, text string, o Options) (Sessions, error) {
	f, err := Read(name, strings.NewReader(text), Reading{Names: o})
	if err != nil {
		return nil, err
	}
	return f.store.(Sessions), nil
}

// read reads a file that is in memory, as a reading has it.
func read(t *testing.T, name, text string, how Reading) *File {
	t.Helper()
	f, err := Read(name, strings.NewReader(text), how)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

// all are the sessions of a store.
func all(s store) (out Sessions) {
	for i := range s.size() {
		out = append(out, s.at(i))
	}
	return out
}

// replayed is a source of sessions that are in memory.
func replayed(s Sessions, how Replay, p People) *Source {
	return FromFile(&File{Report: Report{Sessions: len(s), Events: s.events()}, store: s}, how, p)
}

// events is how many events sessions have together.
func (s Sessions) events() (n int) {
	for _, one := range s {
		n += len(one.events)
	}
	return n
}
