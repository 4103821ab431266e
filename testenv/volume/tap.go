package volume

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
)

// Most is how many bytes of exports a Tap keeps. Those beyond are in no part of what a level's telemetry is made of.
const Most = 16 << 20

// Tap keeps the exports that an OTLP server receives, while it is asked to. All it does for one of them is to copy its body. Its memory
// is none of Go's, so that it changes neither how often garbage is collected nor what that costs. The zero Tap keeps nothing.
type Tap struct {
	mu   sync.Mutex
	on   bool
	kept []byte // mapped when it is first needed
	used int
}

// buffers hold the bodies of requests that are being read.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Begin forgets what was kept and keeps what comes from now on. No export is answered, and so counted, while read reads the counts.
func (t *Tap) Begin(read func()) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		kept, err := syscall.Mmap(-1, 0, Most, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return fmt.Errorf("volume: memory for exports: %w", err)
		}
		t.kept = kept
	}
	t.used = 0
	t.on = true
	read()
	return nil
}

// Hold keeps nothing any more, until Begin. No export is answered while read reads the counts.
func (t *Tap) Hold(read func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	read()
	t.on = false
}

// Take writes what was kept, for Parse, and forgets it.
func (t *Tap) Take(to io.Writer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := to.Write(t.kept[:t.used])
	t.used, t.on = 0, false
	return err
}

// Close gives the memory back.
func (t *Tap) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on = false
	if t.kept == nil {
		return nil
	}
	kept := t.kept
	t.kept, t.used = nil, 0
	return syscall.Munmap(kept)
}

// Handler stands before an OTLP server, behind what undoes compression. An export is kept if its answer falls between Begin and Hold: the
// server counts it then, too, so both agree on what a slot has.
func (t *Tap) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signal, known := signalAt(r.URL.Path)
		if !known || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-protobuf") {
			next.ServeHTTP(w, r)
			return
		}
		body := buffers.Get().(*bytes.Buffer)
		body.Reset()
		r.Body = copied{io.TeeReader(r.Body, body), r.Body}
		next.ServeHTTP(w, r)
		t.keep(signal, r.ContentLength < 0, body.Bytes())
		buffers.Put(body)
	})
}

type copied struct {
	io.Reader
	io.Closer
}

// signalAt is the number of the signal that OTLP takes at a path.
func signalAt(path string) (byte, bool) {
	switch path {
	case "/v1/traces":
		return 0, true
	case "/v1/logs":
		return 1, true
	case "/v1/metrics":
		return 2, true
	}
	return 0, false
}

func (t *Tap) keep(signal byte, compressed bool, body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.on || headSize+len(body) > len(t.kept)-t.used {
		return
	}
	putHead(t.kept[t.used:], signal, compressed, len(body))
	copy(t.kept[t.used+headSize:], body)
	t.used += headSize + len(body)
}
