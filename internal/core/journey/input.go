package journey

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// headBytes is how much of a file is looked at to tell what it is.
const headBytes = 1 << 16

// text is what a file holds, read from its beginning to its end.
type text struct {
	*bufio.Reader
	name string
	gzip bool
	tail *tail
}

// open returns the text of a file, which may be compressed with gzip, whatever its name. What is no text that can be read is an error
// that says what it is. A byte order mark is passed over.
func open(name string, file io.Reader) (*text, error) {
	packed := bufio.NewReaderSize(file, headBytes)
	begin, err := packed.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t := &text{name: name, gzip: string(begin) == "\x1f\x8b", tail: &tail{Reader: packed}}
	if t.gzip {
		unpacked, err := gzip.NewReader(packed)
		if err != nil {
			return nil, fmt.Errorf("%s: begins like a gzip file and is none: %w: copy it anew, and check it with: gzip -t %s", name, err, name)
		}
		t.tail.Reader = unpacked
	}
	t.Reader = bufio.NewReaderSize(t.tail, headBytes)
	head, err := t.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, t.explain(err)
	}
	if err := recognize(name, head); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		_, _ = t.Discard(len("\ufeff")) // it is in the buffer
	}
	return t, nil
}

// explain says what an error means that came while the text was read.
func (t *text) explain(err error) error {
	switch {
	case t.gzip && errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: this gzip file is cut off after %d bytes of text: copy it anew, and check it with: gzip -t %[1]s", t.name, t.tail.read)
	case t.gzip:
		return fmt.Errorf("%s: this gzip file is damaged after %d bytes of text: %w: copy it anew, and check it with: gzip -t %[1]s", t.name, t.tail.read, err)
	}
	return fmt.Errorf("%s: %w", t.name, err)
}

// signature is how a kind of file that cannot be read begins.
type signature struct {
	offset   int
	magic    string
	is, todo string // %s in todo is the file's name
}

const export = "export the sheet or table as CSV in UTF-8"

// signatures are kinds of file that people have recorded clicks in, and that are not read.
var signatures = []signature{
	{0, "\x1f\x8b", "a gzip file within a gzip file", "decompress it once: gunzip -c %[1]s > once.gz"},
	{0, "\x28\xb5\x2f\xfd", "a Zstandard file", "decompress it: zstd -d %[1]s"},
	{0, "BZh", "a bzip2 file", "decompress it: bunzip2 %[1]s"},
	{0, "\xfd7zXZ\x00", "an xz file", "decompress it: unxz %[1]s"},
	{0, "\x04\x22\x4d\x18", "an LZ4 file", "decompress it: lz4 -d %[1]s"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it, and name the file that was in it"},
	{0, "PK\x03\x04", "a zip archive", "unpack it, and name the file that was in it"}, // workbooks are told apart
	{257, "ustar", "a tar archive", "unpack it, and name the file that was in it: tar -xf %[1]s"},
	{0, "PAR1", "a Parquet file", `export it as CSV: duckdb -c "COPY (FROM '%[1]s') TO 'clicks.csv'"`},
	{0, "ARROW1", "an Arrow file", export},
	{0, "ORC", "an ORC file", export},
	{0, "Obj\x01", "an Avro file", "turn it into JSON lines: avro-tools tojson %[1]s > clicks.jsonl"},
	{0, "SQLite format 3\x00", "an SQLite database", export},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", export},
	{0, "%PDF", "a PDF file", export},
	{0, "version https://git-lfs.github.com/spec/", "a pointer of Git LFS in the place of a file", "fetch the file: git lfs pull"},
	{0, "<", "an XML or HTML file", "look into it: a download that needs a login is often such a page"},
}

// recognize is an error that says what a file is by its beginning, if it is of a kind that is known and not read, or text in another encoding
// than UTF-8. It says what to do.
func recognize(name string, text []byte) error {
	if bytes.HasPrefix(text, []byte("PK\x03\x04")) && bytes.Contains(text[:min(len(text), 1<<16)], []byte("xl/")) {
		return fmt.Errorf("%s: this is an Excel workbook: %s", name, export)
	}
	for _, s := range signatures {
		if len(text) > s.offset && bytes.HasPrefix(text[s.offset:], []byte(s.magic)) {
			todo := s.todo
			if strings.Contains(todo, "%") {
				todo = fmt.Sprintf(todo, name)
			}
			return fmt.Errorf("%s: this is %s: %s", name, s.is, todo)
		}
	}
	if encoding := wide(text); encoding != "" {
		return fmt.Errorf("%s: the text is in %s: turn it into UTF-8: iconv -f %[2]s -t UTF-8 %[1]s > utf8-%[3]s",
			name, encoding, filepath.Base(name))
	}
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') >= 0 {
		return fmt.Errorf(`%s: its lines end in a carriage return alone, as on an old Macintosh: turn them into line feeds: tr '\r' '\n' < %[1]s > lines-%[2]s`,
			name, filepath.Base(name))
	}
	return nil
}

// wide names the encoding of text whose characters take two bytes or four, with or without a byte order mark; "" if it is none.
func wide(text []byte) string {
	for _, bom := range []struct{ mark, encoding string }{
		{"\xff\xfe\x00\x00", "UTF-32LE"}, {"\x00\x00\xfe\xff", "UTF-32BE"}, {"\xff\xfe", "UTF-16LE"}, {"\xfe\xff", "UTF-16BE"},
	} {
		if bytes.HasPrefix(text, []byte(bom.mark)) {
			return strings.TrimRight(bom.encoding, "LBE") // iconv takes the order from the mark, and drops the mark
		}
	}
	head := text[:min(len(text), 1024)&^3]
	var zeros [4]int // by place in a group of four bytes
	for i, b := range head {
		if b == 0 {
			zeros[i%4]++
		}
	}
	most := len(head) / 4 * 3 / 4 // headers are in ASCII, where the high bytes are 0
	is := func(i int) bool { return zeros[i] > most }
	switch {
	case len(head) < 8:
		return ""
	case is(1) && is(2) && is(3):
		return "UTF-32LE"
	case is(0) && is(1) && is(2):
		return "UTF-32BE"
	case is(1) && is(3):
		return "UTF-16LE"
	case is(0) && is(2):
		return "UTF-16BE"
	}
	return ""
}

// invalid is where the first byte stands that is not UTF-8.
func invalid(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return 0
}

// formatOf is the format of a file: by its extension, or by its first line where the extension says none.
func formatOf(name string, text []byte) string {
	base := strings.ToLower(name)
	for _, zip := range []string{".gz", ".gzip"} {
		base = strings.TrimSuffix(base, zip)
	}
	switch ext := strings.TrimPrefix(filepath.Ext(base), "."); ext {
	case tsv, "tab":
		return tsv
	case csvFormat:
		return csvFormat
	case jsonl, "ndjson", "json":
		return jsonl
	}
	first, _, _ := bytes.Cut(bytes.TrimLeft(text, "\r\n \t"), []byte("\n"))
	switch {
	case bytes.HasPrefix(first, []byte("{")), bytes.HasPrefix(first, []byte("[")):
		return jsonl
	case bytes.ContainsRune(first, '\t'):
		return tsv
	case bytes.ContainsAny(first, ",;"):
		return csvFormat
	}
	return ""
}
