package result

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

func TestTags(t *testing.T) {
	want := Tag{Phase: slot.Catch, Launch: 2, Round: 31, Arm: "full", Step: "click", Kind: Lag}
	for _, s := range []string{want.String(), want.Curve()} {
		got, err := ParseTag(s, &Place{2, 31})
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "a/b", "a/b/c/d/e", "toll/x/1/off/recommend/lag", "toll/1/x/off/recommend/lag"} {
		if _, err := ParseTag(s, &Place{}); err == nil {
			t.Errorf("%q is taken for a tag", s)
		}
	}
	if _, err := ParseTag(want.Curve(), nil); err == nil {
		t.Error("a tag gets a place that is not known")
	}
}

// TestKindsOfTags: a run may have every kind that there is, and no other.
func TestKindsOfTags(t *testing.T) {
	run := Run{Arms: []Arm{{Name: "off"}}}
	for kind, ok := range map[string]bool{Service: true, Response: true, Lag: true, Own: true, Outside: true, "": false, "total": false} {
		tag := Tag{Phase: slot.Toll, Arm: "off", Step: "decision", Kind: kind}
		if err := tag.check(run); (err == nil) != ok {
			t.Errorf("kind %q: %v", kind, err)
		}
	}
}

func TestPlaces(t *testing.T) {
	want := Place{3, 14}
	if got, err := parsePlace(want.String()); err != nil || *got != want {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, s := range []string{"#[Slot: ", "#[Slot: launch 1]", "#[Slot: launch 1, round 2] ", "#[Slot: launch 1, round 2", "#[Slot: launch 01, round 2]"} {
		if p, err := parsePlace(s); err == nil {
			t.Errorf("%q is taken for %v", s, p)
		}
	}
}

// began is when the log of logOf begins: half a second after a whole one, of which the format knows nothing.
const began = 1_700_000_000_500

// logOf writes two launches of two rounds and two arms, and a slot of another phase, in two sessions, and returns the path and
// the tags as written.
func logOf(t *testing.T) (string, []Tag) {
	t.Helper()
	path := filepath.Join(t.TempDir(), LatencyFile)
	var tags []Tag
	write := func(log *LatencyWriter, tag Tag) {
		h := NewHistogram()
		Record(h, time.Duration(len(tags)+1)*time.Millisecond)
		start := time.UnixMilli(began).Add(time.Duration(len(tags)) * time.Second)
		if err := log.Write(tag, start, start.Add(800*time.Millisecond), h); err != nil {
			t.Fatal(err)
		}
		tags = append(tags, tag)
	}
	for launch := range 2 {
		log, err := OpenLatency(path)
		if err != nil {
			t.Fatal(err)
		}
		for round := range 2 {
			for _, arm := range []string{"off", "full"} {
				write(log, Tag{Phase: slot.Toll, Launch: launch, Round: round, Arm: arm, Step: "recommend", Kind: Response})
			}
		}
		if launch == 1 {
			write(log, Tag{Phase: slot.Catch, Arm: "full", Step: "recommend", Kind: Response})
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return path, tags
}

// TestLogOfStandardReaders: to a log processor, a tag is a curve over time, and the log has a start.
func TestLogOfStandardReaders(t *testing.T) {
	path, tags := logOf(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "#[StartTime: 1700000000 (seconds since epoch)"); n != 1 {
		t.Errorf("%d lines say when the log starts, want one:\n%s", n, text)
	}
	reader := hdr.NewHistogramLogReader(strings.NewReader(string(text)))
	curves := map[string][]int64{}
	for i := 0; ; i++ {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		if want := int64(began + 1000*i); h.StartTimeMs() != want || h.EndTimeMs() != want+800 {
			t.Errorf("interval %d is from %d to %d, want from %d on", i, h.StartTimeMs(), h.EndTimeMs(), want)
		}
		curves[h.Tag()] = append(curves[h.Tag()], h.StartTimeMs())
	}
	got := fmt.Sprint(len(curves), len(curves["toll/off/recommend/response"]), len(curves["toll/full/recommend/response"]), len(curves["catch/full/recommend/response"]))
	if got != "3 4 4 1" {
		t.Errorf("curves %v of %d intervals", curves, len(tags))
	}
}

// TestPlacesStayReadable: every interval has the launch and round with which it was written, also where the log ends anywhere.
func TestPlacesStayReadable(t *testing.T) {
	path, want := logOf(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for end := len(text); end > 0; end -= 7 {
		if err := os.WriteFile(path, text[:end], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadLatency(path)
		if err != nil {
			t.Fatalf("cut off after %d bytes: %v", end, err)
		}
		whole := strings.Count("\n"+string(text[:strings.LastIndex(string(text[:end]), "\n")+1]), "\nTag=")
		if len(got) != whole {
			t.Fatalf("cut off after %d bytes: %d intervals, want %d", end, len(got), whole)
		}
		for i, g := range got {
			if g.Tag != want[i] {
				t.Fatalf("cut off after %d bytes: interval %d is of %v, want %v", end, i, g.Tag, want[i])
			}
		}
	}
}

// TestOlderLog: a log whose tags have launch and round, and no comments, is read with the same answers.
func TestOlderLog(t *testing.T) {
	path, want := logOf(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	older := regexp.MustCompile(`(?m)^Tag=[^,]+`).ReplaceAllStringFunc(string(text), func(string) string {
		i++
		return "Tag=" + want[i-1].String()
	})
	older = regexp.MustCompile(`(?m)^#\[S.*\n`).ReplaceAllString(older, "")
	newer, err := ReadLatency(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(older), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadLatency(path)
	if err != nil {
		t.Fatal(err)
	}
	tagOf := func(i Interval) Tag { return i.Tag }
	if a, b := mapped(got, tagOf), mapped(newer, tagOf); !slices.Equal(a, want) || !slices.Equal(b, want) {
		t.Fatalf("older: %v\nnewer: %v\nwant %v", a, b, want)
	}
	for i := range got {
		a, err1 := got[i].Histogram()
		b, err2 := newer[i].Histogram()
		if err1 != nil || err2 != nil || !a.Equals(b) || a.StartTimeMs() != b.StartTimeMs() {
			t.Errorf("interval %d differs: %v, %v", i, err1, err2)
		}
	}
}

func mapped[T, V any](in []T, of func(T) V) []V {
	var out []V
	for _, x := range in {
		out = append(out, of(x))
	}
	return out
}
