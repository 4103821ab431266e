package hlog

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

const began = 1_767_366_248_000

// text is a log of a segment with n intervals of a second, a value in each, that starts after some seconds.
func text(t testing.TB, segment string, after, n int64) string {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, Head{Version: Version, IntervalMS: 1000, StartMS: began + after*1000, Segment: segment})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		h := Time.New()
		Time.Record(h, 12)
		if err := w.Write("http_req_duration?scenario=default", began+(after+i)*1000, h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(Totals{AtMS: began + (after+n)*1000, Values: n, Requests: n}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func mustParse(t *testing.T, name, text string) *Log {
	t.Helper()
	l, err := parse(name, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestStandardReader: the tools of HdrHistogram read the log.
func TestStandardReader(t *testing.T) {
	r := hdr.NewHistogramLogReader(strings.NewReader(text(t, Whole, 0, 3)))
	for i := range int64(3) {
		h, err := r.NextIntervalHistogram()
		if err != nil || h == nil || h.StartTimeMs() != began+i*1000 || h.TotalCount() != 1 || h.Tag() != "http_req_duration?scenario=default" {
			t.Fatalf("interval %d: %v, %v", i, h, err)
		}
	}
}

// TestCutAnywhere: a log that ends anywhere is read up to its last whole line, and says what was left out.
func TestCutAnywhere(t *testing.T) {
	whole := text(t, Whole, 0, 3)
	head := strings.Index(whole, "\n") + 1
	for end := 1; end < len(whole); end++ {
		l, err := parse("run.hlog", strings.NewReader(whole[:end]))
		if end < head {
			if err == nil || !strings.Contains(err.Error(), "its head is cut off") {
				t.Fatalf("cut off after %d bytes: error %v", end, err)
			}
			continue
		}
		last := strings.LastIndex(whole[:end], "\n") + 1
		if err != nil || len(l.Lines) != strings.Count(whole[:last], "\nTag=") || l.Cut != int64(end-last) || l.Ended {
			t.Fatalf("cut off after %d bytes: %d intervals, %d bytes left out, ended %v: %v", end, len(l.Lines), l.Cut, l.Ended, err)
		}
		doubts := strings.Join(l.Doubts(), "\n")
		if !strings.Contains(doubts, "has no end") || l.Cut > 0 && !strings.Contains(doubts, "the last line is cut off") {
			t.Fatalf("cut off after %d bytes: %q", end, doubts)
		}
	}
}

func TestBadLogs(t *testing.T) {
	good := text(t, Whole, 0, 1)
	for _, tt := range []struct{ text, want string }{
		{"#[tollgate latency, nanoseconds; tag: phase/arm/step/kind]\n", "latency log of a run of tollgate"},
		{"#[Histogram log format version 1.3]\n", "this is no log"},
		{"#[tollgate recorder: {]\n", "#[tollgate recorder: …"},
		{strings.Replace(good, `"version":1`, `"version":2`, 1), "use a newer one"},
		{strings.Replace(good, `"version":1`, `"version":-1`, 1), "want 1 to 1"},
		{strings.Replace(good, `"interval_ms":1000`, `"interval_ms":0`, 1), "want 1 or more"},
		{strings.Replace(good, `"segment":"0:1"`, `"segment":"0:2"`, 1), "execution segment"},
		{strings.Replace(good, `"segment":"0:1"`, `"segment":""`, 1), "execution segment"},
		{strings.Replace(good, ",1.000000,", ",2.000000,", 1), "an interval of 2000 ms"},
		{strings.Replace(good, ",1.000000,", ",NaN,", 1), "an interval that starts"},
		{strings.Replace(good, ",1.000000,", ",one,", 1), "invalid syntax"},
		{strings.Replace(good, "Tag=", "Tag=,", 1), "is no line Tag="},
		{good + good, "a second head"},
		{good + "Tag=x,1767366248.000000,1.000000,1.0,HIST\n", "behind the end"},
		{good[:len(good)-20] + strings.Repeat("x", mostOfLine) + "\n", "longer than"},
	} {
		if _, err := parse("run.hlog", strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60q: error %v, want %q", tt.text, err, tt.want)
		}
	}
	dir := t.TempDir()
	if _, err := Read(dir); err == nil {
		t.Error("a directory is read")
	}
	empty := filepath.Join(dir, "empty.hlog")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(empty); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty file: %v", err)
	}
}

// otherPrecision is a log whose histograms have two digits.
func otherPrecision(t *testing.T, segment string) string {
	t.Helper()
	h := hdr.New(1000, 60e9, 2)
	if err := h.RecordValue(5e6); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := NewWriter(&b, Head{Version: Version, IntervalMS: 1000, StartMS: began, Segment: segment})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write("http_req_duration?scenario=default", began, h); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMergeRefuses(t *testing.T) {
	half := text(t, "0:1/2", 0, 3)
	for _, tt := range []struct{ what, other, want string }{
		{"the same log twice", half, "two logs have the share"},
		{"a whole plan", text(t, Whole, 0, 3), "two logs have the share"},
		{"a part of it", text(t, "1/3:1", 0, 3), "two logs have the share"},
		{"another time", text(t, "1/2:1", 60, 3), "not of one run"},
		{"another interval", strings.NewReplacer(`"interval_ms":1000`, `"interval_ms":5000`, ",1.000000,", ",5.000000,").Replace(text(t, "1/2:1", 0, 3)), "of 5000 ms"},
		{"another precision", otherPrecision(t, "1/2:1"), "with 2 digits: want 3 digits"},
	} {
		_, err := Merge(new(bytes.Buffer), []*Log{mustParse(t, "a.hlog", half), mustParse(t, "b.hlog", tt.other)})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.what, err, tt.want)
		}
	}
}

// TestMergeOfSome: a share that is missing, and a log that was cut off, are said, and the result is a log that says so, too.
func TestMergeOfSome(t *testing.T) {
	cut := text(t, "2/3:1", 0, 3)
	cut = cut[:strings.Index(cut, "#[End")+5]
	var b bytes.Buffer
	warnings, err := Merge(&b, []*Log{mustParse(t, "c.hlog", cut), mustParse(t, "a.hlog", text(t, "0:1/3", 1, 3))})
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(warnings, "\n")
	for _, want := range []string{"c.hlog has no end", "its 5 bytes were left out", "the shares 0:1/3,2/3:1 of the plan, and not all"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
	}
	l := mustParse(t, "all.hlog", b.String())
	if l.Head.Segment != "0:1/3,2/3:1" || l.Ended || len(l.Lines) != 4 {
		t.Errorf("merged %+v, ended %v, %d intervals", l.Head, l.Ended, len(l.Lines))
	}
	b.Reset()
	if warnings, err = Merge(&b, []*Log{l, mustParse(t, "b.hlog", text(t, "1/3:2/3", 0, 2))}); err != nil || mustParse(t, "", b.String()).Head.Segment != Whole {
		t.Errorf("with the share that was missing: %v, %v", warnings, err)
	}
}

func TestTitles(t *testing.T) {
	for series, want := range map[string]string{
		"render": "render", RestName("render"): "render, all further series together",
		"x?name=%zz&a": "x, name %zz", // not ours: left as it is
	} {
		if got := Title(series); got != want {
			t.Errorf("%s: %q, want %q", series, got, want)
		}
	}
}
