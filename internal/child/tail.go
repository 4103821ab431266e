package child

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/tollgate-dev/tollgate/internal/core/secret"
	"github.com/tollgate-dev/tollgate/internal/crash"
)

// tail keeps the last lines of a child's log, and the beginning of its last crash, which may be long.
type tail struct {
	mu    sync.Mutex
	text  []byte
	crash []byte // nil: none
	copy  io.Writer
}

const (
	tailBytes  = 4096
	crashBytes = 64 << 10
)

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := bytes.LastIndexByte(t.text, '\n') + 1 // b may go on with a line
	t.text = append(t.text, b...)
	if at := crash.Index(t.text[line:]); at >= 0 {
		t.crash = append([]byte(nil), t.text[line+at:]...)
	} else if t.crash != nil {
		t.crash = append(t.crash, b[:min(len(b), max(0, crashBytes-len(t.crash)))]...)
	}
	if cut := len(t.text) - tailBytes; cut > 0 {
		t.text = append(t.text[:0], t.text[cut:]...)
	}
	if t.copy != nil {
		_, _ = t.copy.Write(b)
	}
	return len(b), nil
}

// cause is why the child crashed, "" if it did not.
func (t *tail) cause() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return secret.Hide(crash.Cause(string(t.crash)))
}

// quoted is the most bytes of a line that an error message quotes.
const quoted = 200

// quote is the last five lines as the end of an error message, long ones cut.
func (t *tail) quote() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return "; it logged nothing"
	}
	if len(lines) > 5 {
		lines = lines[len(lines)-5:]
	}
	for i, line := range lines {
		if len(line) > quoted {
			lines[i] = strings.ToValidUTF8(line[:quoted], "") + "…"
		}
	}
	return "; its last log lines:\n    " + secret.Hide(strings.Join(lines, "\n    "))
}
