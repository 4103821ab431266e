package result

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Kinds of latency, three for every request.
const (
	Service  = "service"  // sent → last byte
	Response = "response" // scheduled start → last byte: free of coordinated omission
	Lag      = "lag"      // scheduled start → sent: the generator's own health
)

// Kinds of the parts of the service time of the main step, in the toll phase, as answers tell them by slot.TimingHeader.
const (
	Own     = "own"     // of one hop, which stands in place of the step: without the hops within it
	Outside = "outside" // of no hop: between the load generator and the system
)

// Histogram geometry: nanoseconds from 1 µs to 60 s with three significant digits.
const (
	lowest  = int64(time.Microsecond)
	highest = int64(time.Minute)
	digits  = 3
)

// NewHistogram returns an empty histogram with the geometry of all latency files. Values are nanoseconds.
func NewHistogram() *hdr.Histogram { return hdr.New(lowest, highest, digits) }

// Record adds a duration, clamped into the range of the geometry.
func Record(h *hdr.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(int64(d), lowest), highest)) // a clamped value is always in range
}

// Tag names one interval histogram. Its parts must not contain slashes, commas or white space.
type Tag struct {
	Phase  string // slot.Toll, slot.Capacity or slot.Catch
	Launch int
	Round  int
	Arm    string
	Step   string // of kind Own, the name of the hop
	Kind   string // Service, Response, Lag, Own or Outside
}

// String returns the whole tag, e.g. toll/0/12/full/recommend/response. Logs had it in every line until Launch and Round moved
// to a comment.
func (t Tag) String() string {
	return fmt.Sprintf("%s/%d/%d/%s/%s/%s", t.Phase, t.Launch, t.Round, t.Arm, t.Step, t.Kind)
}

// Curve returns the tag that the log has, e.g. toll/full/recommend/response: it is the same for all slots.
func (t Tag) Curve() string { return strings.Join([]string{t.Phase, t.Arm, t.Step, t.Kind}, "/") }

// ParseTag is the inverse of String and of Curve. A tag without launch and round gets those of place.
func ParseTag(s string, place *Place) (Tag, error) {
	switch part := strings.Split(s, "/"); {
	case len(part) == 4 && place != nil:
		return Tag{Phase: part[0], Launch: place.Launch, Round: place.Round, Arm: part[1], Step: part[2], Kind: part[3]}, nil
	case len(part) == 4:
		return Tag{}, fmt.Errorf("tag %.100q: no line %s… stands before it, so its launch and round are not known", s, placePrefix)
	case len(part) == 6:
		launch, err1 := strconv.Atoi(part[1])
		round, err2 := strconv.Atoi(part[2])
		if err := errors.Join(err1, err2); err != nil {
			return Tag{}, fmt.Errorf("tag %.100q: %w", s, err)
		}
		return Tag{Phase: part[0], Launch: launch, Round: round, Arm: part[3], Step: part[4], Kind: part[5]}, nil
	default:
		return Tag{}, fmt.Errorf("tag %.100q: want phase/arm/step/kind, or phase/launch/round/arm/step/kind as older runs have it", s)
	}
}

// Place is where the slots of a phase stand.
type Place struct{ Launch, Round int }

const placePrefix = "#[Slot: "

// String returns the place as a comment of the log.
func (p Place) String() string {
	return fmt.Sprintf("%slaunch %d, round %d]", placePrefix, p.Launch, p.Round)
}

// parsePlace is the inverse of String.
func parsePlace(s string) (*Place, error) {
	var p Place
	if _, err := fmt.Sscanf(s, placePrefix+"launch %d, round %d]", &p.Launch, &p.Round); err != nil || p.String() != s {
		return nil, fmt.Errorf("%.100q: want a comment as in %q", s, Place{0, 12})
	}
	return &p, nil
}

// Interval is one interval histogram of a run. One that was read from a log stays encoded, in some hundred bytes, until
// Histogram is called: decoded it takes 150 kB, and a long run has thousands.
type Interval struct {
	Tag
	at   string         // file and line
	line string         // of the log
	hist *hdr.Histogram // instead of line
}

// NewInterval returns an interval that was not read from a log.
func NewInterval(tag Tag, h *hdr.Histogram) Interval { return Interval{Tag: tag, hist: h} }

// Histogram returns the histogram of the interval, in nanoseconds, with the interval's start and end. Every call decodes it
// anew.
func (i Interval) Histogram() (*hdr.Histogram, error) {
	if i.hist != nil {
		return i.hist, nil
	}
	packed, err := i.Packed()
	if err != nil {
		return nil, err
	}
	h := NewHistogram()
	if packed.MergeInto(h) > 0 {
		return nil, i.broken(errors.New("more values than a histogram can count"))
	}
	h.SetTag(packed.Tag())
	h.SetStartTimeMs(packed.StartTimeMs())
	h.SetEndTimeMs(packed.EndTimeMs())
	return h, nil
}

// Packed is Histogram in a form that takes time and memory only for the values that there are: a decoded Histogram has 19,000 counts,
// most of them 0.
func (i Interval) Packed() (*hdr.PackedHistogram, error) {
	if i.hist != nil {
		packed := hdr.NewPacked(lowest, highest, digits)
		packed.MergeFrom(i.hist)
		return packed, nil
	}
	packed, err := decode(i.line)
	switch {
	case err != nil:
	case packed.LowestTrackableValue() != lowest || packed.HighestTrackableValue() != highest || packed.SignificantFigures() != digits:
		err = fmt.Errorf("a histogram from %d to %d with %d digits: want %d to %d with %d",
			packed.LowestTrackableValue(), packed.HighestTrackableValue(), packed.SignificantFigures(), lowest, highest, digits)
	default:
		err = inRange(reflect.ValueOf(packed.TotalCount()), "the number of values", "")
	}
	if err != nil {
		return nil, i.broken(err)
	}
	return packed, nil
}

func (i Interval) broken(err error) error {
	return fmt.Errorf("result: %s: latency of %s: %w", i.at, i.Tag, err)
}

// decode reads one line of a log: its tag, its start and length in seconds, its highest value, and the histogram. The reader of the
// library does the same for a whole log, and would take longer to make ready than a line takes.
func decode(line string) (*hdr.PackedHistogram, error) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), ",")
	if len(fields) != 5 {
		return nil, fmt.Errorf("%.100q is no interval histogram", line)
	}
	start, err1 := strconv.ParseFloat(fields[1], 64)
	length, err2 := strconv.ParseFloat(fields[2], 64)
	packed, err3 := hdr.DecodePacked([]byte(fields[4]))
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	packed.SetTag(strings.TrimPrefix(fields[0], "Tag="))
	packed.SetStartTimeMs(int64(start * 1000))
	packed.SetEndTimeMs(int64((start + length) * 1000))
	return packed, nil
}
