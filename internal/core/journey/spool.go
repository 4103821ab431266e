package journey

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"time"
)

// heldEvents is how many events of a file are held in memory, about 60 MB. A longer file is kept in temporary files, of which one of
// parts is in memory at a time while sessions are put together, and afterwards only where each session is, about 50 bytes.
const heldEvents = 250_000

// parts is into how many temporary files the entries of a long file are dealt, by session: each is put together by itself.
const parts = 64

// deal is the entries of a long file, dealt so that a part has all entries of its sessions, in their order.
type deal struct {
	seed  maphash.Seed
	parts []*part
	buf   []byte
}

// part is a temporary file of entries, each behind its length.
type part struct {
	file *os.File
	buf  *bufio.Writer
	n    int
}

// nameless makes a temporary file without a name: it is gone when the process is, however that ends.
func nameless() (*os.File, error) {
	file, err := os.CreateTemp("", "tollgate-sessions-")
	if err != nil {
		return nil, fmt.Errorf("room for what does not fit into memory: %w", err)
	}
	return file, os.Remove(file.Name())
}

func newDeal() (*deal, error) {
	d := &deal{seed: maphash.MakeSeed()}
	for range parts {
		file, err := nameless()
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		d.parts = append(d.parts, &part{file: file, buf: bufio.NewWriter(file)})
	}
	return d, nil
}

func (d *deal) add(e entry) error {
	p := d.parts[maphash.String(d.seed, e.session)%parts]
	p.n++
	d.buf = encode(d.buf[:0], session{id: e.session, named: e.named, user: e.user, events: []recorded{e.recorded}}, e.line)
	if _, err := p.buf.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(d.buf)))); err != nil {
		return err
	}
	_, err := p.buf.Write(d.buf)
	return err
}

// entries goes through the entries of a part in their order.
func (p *part) entries(take func(entry) error) error {
	if err := p.buf.Flush(); err != nil {
		return err
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReader(p.file)
	for range p.n {
		var size [4]byte
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return err
		}
		buf := make([]byte, binary.LittleEndian.Uint32(size[:]))
		if _, err := io.ReadFull(in, buf); err != nil {
			return err
		}
		s, line, err := decode(buf)
		if err != nil {
			return err
		}
		if err := take(entry{recorded: s.events[0], session: s.id, line: line, named: s.named}); err != nil {
			return err
		}
	}
	return nil
}

func (d *deal) close() (err error) {
	for _, p := range d.parts {
		err = errors.Join(err, p.file.Close())
	}
	return err
}

// spool is sessions in a temporary file. It is safe for concurrent use.
type spool struct {
	file  *os.File
	buf   *bufio.Writer
	end   int64
	index []spooled
}

// spooled is where a session is, and when it begins.
type spooled struct {
	at    int64
	start time.Time
	line  int // of its first event
	size  int32
}

func newSpool() (*spool, error) {
	file, err := nameless()
	if err != nil {
		return nil, err
	}
	return &spool{file: file, buf: bufio.NewWriter(file)}, nil
}

func (s *spool) add(one session, line int) error {
	buf := encode(nil, one, line)
	_, err := s.buf.Write(buf)
	s.index = append(s.index, spooled{at: s.end, size: int32(len(buf)), line: line, start: one.events[0].at})
	s.end += int64(len(buf))
	return err
}

// seal puts the sessions into the order in which they begin in the file.
func (s *spool) seal() error {
	slices.SortStableFunc(s.index, func(a, b spooled) int { return cmp.Compare(a.line, b.line) })
	return s.buf.Flush()
}

func (s *spool) size() int { return len(s.index) }

func (s *spool) begin(i int) time.Time { return s.index[i].start }

// at reads a session. A disk that no longer gives back what was written to it ends the process: to go on would be another load.
func (s *spool) at(i int) session {
	where := s.index[i]
	buf := make([]byte, where.size)
	if _, err := s.file.ReadAt(buf, where.at); err != nil {
		panic(fmt.Sprintf("perso: recorded sessions: %v", err))
	}
	one, _, err := decode(buf)
	if err != nil {
		panic(fmt.Sprintf("perso: recorded sessions: %v", err))
	}
	return one
}
