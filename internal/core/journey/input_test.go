package journey

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // to memory
	_ = w.Close()
	return b.String()
}

func utf16Text(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// What is read, whatever the name says of compression, and where the name says nothing of the format.
func TestInputsRead(t *testing.T) {
	comma := strings.ReplaceAll(fixture, "\t", ",")
	for name, text := range map[string]string{
		"c.tsv": fixture, "c.tsv.gz": zipped(fixture), "other-name.tsv": zipped(fixture), "c.gz": zipped(fixture), "clicks": fixture,
		"c.CSV": comma, "c.csv.gz": zipped(comma), "c.txt": comma, "twice.tsv": zipped(fixture[:20]) + zipped(fixture[20:]),
		"windows.tsv": "\ufeff" + strings.ReplaceAll(fixture, "\n", "\r\n"),
		"lines":       `{"SessionId":"s1","ItemId":"shoe","Time":1}`,
	} {
		if sessions, err := parse(name, text, Options{}); err != nil || len(sessions) == 0 {
			t.Errorf("%s: %d sessions, %v", name, len(sessions), err)
		}
	}
}

// What is not read is named, with what to do.
func TestInputsNamed(t *testing.T) {
	big, little := binary.AppendByteOrder(binary.BigEndian), binary.AppendByteOrder(binary.LittleEndian)
	semicolons := strings.ReplaceAll(fixture, "\t", ";")
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"cut.tsv.gz", zipped(strings.Repeat(fixture, 99))[:150], []string{"gzip file is cut off", "gzip -t cut.tsv.gz"}},
		{"bent.gz", "\x1f\x8bnonsense", []string{"bent.gz: begins like a gzip file"}},
		{"c.gz", zipped(zipped(fixture)), []string{"a gzip file within a gzip file"}},
		{"c.csv", utf16Text(little, "\ufeff"+fixture), []string{"UTF-16", "iconv -f UTF-16 -t UTF-8 c.csv > utf8-c.csv"}},
		{"c.csv", utf16Text(big, "\ufeff"+fixture), []string{"UTF-16", "iconv -f UTF-16 "}},
		{"c.csv", utf16Text(little, fixture), []string{"iconv -f UTF-16LE "}},
		{"c.csv.gz", zipped(utf16Text(big, fixture)), []string{"iconv -f UTF-16BE "}},
		{"c.tsv", strings.Replace(fixture, "coat", "caf\xe9", 1), []string{"c.tsv:4: the byte 0xe9 is not UTF-8", "iconv -f ISO-8859-1"}},
		{"c.tsv", fixture + "\x00", []string{"c.tsv:8: there is a byte 0"}},
		{"c.tsv", strings.ReplaceAll(fixture, "\n", "\r"), []string{"carriage return"}},
		{"c.json", `[{"SessionId":"a","ItemId":"i","Time":1}]`, []string{"c.json:1: this is a JSON array", "jq -c '.[]'"}},
		{"c.json", "{\n\"SessionId\": \"a\"}", []string{"c.json:1: want a JSON object in each line", "jq -c ."}},
		{"c.csv", semicolons, []string{"c.csv:1: the columns are separated by semicolons", "commas"}},
		{"c.tsv", semicolons, []string{"c.tsv:1: the columns are separated by semicolons"}},
		{"c.csv", "sep=;\n" + semicolons, []string{"c.csv:1: this line is for Excel alone", "tail -n +2 c.csv", "separate the columns by commas"}},
		{"c.csv", "sep=,\n" + semicolons, []string{"c.csv:1: this line is for Excel alone"}},
		{"c.csv", fixture, []string{"c.csv:1: the columns are separated by tabs", ".tsv"}},
		{"c.tsv", strings.ReplaceAll(fixture, "\t", ","), []string{"separated by commas", ".csv"}},
		{"c.zst", "\x28\xb5\x2f\xfd...", []string{"a Zstandard file", "zstd -d c.zst"}},
		{"c.zip", "PK\x03\x04 clicks.csv", []string{"a zip archive"}},
		{"c.csv", "PK\x03\x04 xl/workbook.xml", []string{"an Excel workbook"}},
		{"c.parquet", "PAR1....", []string{"a Parquet file"}},
		{"c.csv", "<!DOCTYPE html>", []string{"an XML or HTML file"}},
		{"c.csv", "1,2014-04-07T10:51:09.277Z,214536502,0\n", []string{"c.csv:1: this line is no header"}},
		{"c.dat", "hello\n", []string{"neither its name nor its first line"}},
		{"c.tsv", "SessionId\tItemId\tTime\na\ti\t1396860669277\n", []string{"c.tsv:2: ", "divide them by 1000)"}},
		{"c.tsv", "SessionId\tItemId\tTime\na\ti\t20140407\n", []string{"c.tsv:2: ", "not a date in digits"}},
		{"c.tsv", "SessionId\tItemId\tTime\na\ti\t2014-04-07 10:51:09\n", []string{"with a T between date and time, and Z"}},
		{"c.tsv", "SessionId\tItemId\tTime\na\ti\t1396860669,277\n", []string{"with a point for the decimals"}},
	} {
		_, err := parse(tt.name, tt.text, Options{})
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %.20q: %v, want %q", tt.name, tt.text, err, want)
			}
		}
	}
}

// All faults of a header are reported at once; names that are like none are passed over.
func TestHeaderFaults(t *testing.T) {
	for _, tt := range []struct {
		name, header string
		want         []string // nil: no fault
	}{
		{"c.csv", "SessionId,ItemId,Time,Category,Price", nil},
		{"c.csv", "session_id,ItemId,ItemId,user_id", []string{
			`column SessionId is missing: if "session_id" is meant, call it SessionId`, "column ItemId is there twice, as columns 2 and 3",
			"column Time is missing", `column "user_id" is not known: if UserId is meant`, "the header has session_id, ItemId, ItemId, user_id"}},
		{"c.csv", "timestamp,visitorid,event,itemid,transactionid", []string{
			`if "timestamp" is meant, call it Time`, `if "itemid" is meant, call it ItemId`, "column SessionId is missing"}},
		{"c.tsv", "\"SessionId\"\t\"ItemId\"\t\"Time\"", []string{`if "\"SessionId\"" is meant`, "names are in quotation marks"}},
		{"c.csv", "SesionId,ItemId,Time", []string{`if "SesionId" is meant, call it SessionId`}},
		{"c.jsonl", `{"sessionId":"a","time":1,"UserId":"u"}`, []string{`SessionId is missing: if "sessionId" is meant`, "ItemId is missing", `if "time" is meant`}},
	} {
		_, err := parse(tt.name, tt.header+"\n", Options{})
		if tt.want == nil {
			if err == nil || !strings.Contains(err.Error(), "no sessions") {
				t.Errorf("%s: %v, want no sessions", tt.header, err)
			}
			continue
		}
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s:\n%v\nwant %s", tt.header, err, want)
			}
		}
	}
}

// A message names options of the command at hand only.
func TestFormatOption(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want bool
	}{{Options{}, false}, {Options{Format: "format: '%s'"}, true}} {
		for name, text := range map[string]string{"c.dat": "hello\n", "c.csv": fixture} {
			_, err := parse(name, text, tt.o)
			if err == nil || strings.Contains(err.Error(), "format: '") != tt.want {
				t.Errorf("%s: %v; names the option: want %t", name, err, tt.want)
			}
		}
	}
}
