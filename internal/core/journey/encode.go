package journey

import (
	"encoding/binary"
	"errors"
	"time"
)

// encode appends a session to buf as decode reads it, with the number of a line.
func encode(buf []byte, s session, line int) []byte {
	text := func(t string) { buf = append(binary.AppendUvarint(buf, uint64(len(t))), t...) }
	named := byte(0)
	if s.named {
		named = 1
	}
	buf = append(binary.AppendUvarint(buf, uint64(line)), named)
	text(s.id)
	text(s.user)
	buf = binary.AppendUvarint(buf, uint64(len(s.events)))
	for _, e := range s.events {
		buf = binary.AppendVarint(buf, e.at.Unix())
		buf = binary.AppendUvarint(buf, uint64(e.at.Nanosecond()))
		for _, t := range []string{e.kind, e.channel, e.item, e.user} {
			text(t)
		}
	}
	return buf
}

var errEncoded = errors.New("a temporary file of sessions is not what was written to it")

// decode reads what encode wrote.
func decode(buf []byte) (s session, line int, err error) {
	broken := false
	number := func() uint64 {
		v, n := binary.Uvarint(buf)
		if broken = broken || n <= 0; broken {
			return 0
		}
		buf = buf[n:]
		return v
	}
	text := func() string {
		n := number()
		if broken = broken || n > uint64(len(buf)); broken {
			return ""
		}
		t := string(buf[:n])
		buf = buf[n:]
		return t
	}
	line = int(number())
	if broken || len(buf) == 0 {
		return s, 0, errEncoded
	}
	s.named, buf = buf[0] == 1, buf[1:]
	s.id, s.user = text(), text()
	for n := number(); n > 0 && !broken; n-- {
		seconds, size := binary.Varint(buf)
		if size <= 0 {
			return s, 0, errEncoded
		}
		buf = buf[size:]
		e := recorded{at: time.Unix(seconds, int64(number())).UTC()}
		e.kind, e.channel, e.item, e.user = text(), text(), text(), text()
		s.events = append(s.events, e)
	}
	if broken || len(buf) > 0 {
		return s, 0, errEncoded
	}
	return s, line, nil
}
