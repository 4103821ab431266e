package journey

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine is the most bytes that a line may have, and a record of CSV: so much is held in memory of it.
const maxLine = 1 << 20

// lines goes through a text line by line; empty ones are passed over.
type lines struct {
	text *bufio.Reader
	line int
	buf  []byte
}

// next returns the next line; it is valid until the next call. After a lineError the line behind is next.
func (l *lines) next() ([]byte, int, error) {
	for {
		text, err := l.whole()
		if errors.Is(err, errLong) {
			return nil, l.line, bad("too long", "the line has more than %d bytes: is this a table or JSON lines?", maxLine)
		}
		if err != nil {
			return nil, l.line, err
		}
		if text = bytes.TrimSuffix(text, []byte("\r")); len(bytes.TrimSpace(text)) > 0 {
			return text, l.line, legible(text)
		}
	}
}

var errLong = errors.New("too long")

// whole reads up to the next line feed. Of a line that is too long it holds nothing, and reads to its end.
func (l *lines) whole() ([]byte, error) {
	l.buf = l.buf[:0]
	long := false
	for {
		part, err := l.text.ReadSlice('\n')
		if long = long || len(l.buf)+len(part) > maxLine; !long {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case err != nil && len(l.buf) == 0 && !long:
			return nil, errEnd
		}
		l.line++
		if long {
			return nil, errLong
		}
		return bytes.TrimSuffix(l.buf, []byte("\n")), nil
	}
}

// leash is a reader that ends in errLong once more than a record was read of it since read was set to 0.
type leash struct {
	io.Reader
	read int
}

func (l *leash) Read(p []byte) (int, error) {
	if l.read > maxLine {
		return 0, errLong
	}
	n, err := l.Reader.Read(p)
	l.read += n
	return n, err
}

// tail remembers the last byte that was read, and how many there were.
type tail struct {
	io.Reader
	last byte
	read int64
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if n > 0 {
		t.last = p[n-1]
		t.read += int64(n)
	}
	return n, err
}
