package journey

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// units are those in which times are counted since 1970, by name.
var units = map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "us": time.Microsecond, "ns": time.Nanosecond}

// clockOf reads how Time is written: a unit, rfc3339, or a layout of Go's package time.
func clockOf(text string) (string, error) {
	if _, ok := units[text]; ok {
		return text, nil
	}
	if text == "rfc3339" {
		return time.RFC3339Nano, nil
	}
	legal := strings.Join(slices.Sorted(maps.Keys(units)), ", ") + `, rfc3339, or the time of 2 January 2006 15:04:05 as the file would write it, e.g. "2006-01-02 15:04:05"`
	if strings.Contains(text, "MST") { // Go takes a zone that it does not know for UTC
		return "", fmt.Errorf("time must not name a zone by letters, which mean several zones: write -0700 or Z07:00 for an offset, or the "+
			"letters that all lines have, got %q", text)
	}
	if !strings.Contains(text, "06") || !strings.Contains(text, "1") || !strings.Contains(text, "2") {
		return "", fmt.Errorf("time must be one of %s, got %q", legal, text)
	}
	return text, nil
}

// oldest is the least time since 1970 whose unit its size tells: in March 1973, in seconds. A time of today is a thousand times as
// large in the next unit.
const oldest = 1e8

// sized is the unit that the size of a number says, "" if it is too small to say one.
func sized(number float64) string {
	switch {
	case number < oldest:
		return ""
	case number < oldest*1e3:
		return "s"
	case number < oldest*1e6:
		return "ms"
	case number < oldest*1e9:
		return "us"
	}
	return "ns"
}

// parseClock reads a time as a layout has it.
func (l *layout) parseClock(text string) (time.Time, error) {
	unit, counted := units[l.clock]
	switch {
	case l.clock == "":
		return parseTime(text)
	case !counted:
		at, err := time.Parse(l.clock, text)
		if err != nil || at.Unix() < 0 {
			return time.Time{}, fmt.Errorf("%s must be from 1970 on and written like %s, got %q", colTime, l.clock, text)
		}
		return at.UTC(), nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !(number >= 0 && number <= 9.2e18) { // also refuses NaN
		return time.Time{}, fmt.Errorf("%s must be a number of %s since 1970, got %q", colTime, l.clock, text)
	}
	if by := sized(number); by != "" && by != l.clock {
		return time.Time{}, fmt.Errorf("%s %s is in %s by its size, and the layout says %s", colTime, text, by, l.clock)
	}
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil { // a float does not hold the nanoseconds of today
		return time.Unix(whole/int64(time.Second/unit), whole%int64(time.Second/unit)*int64(unit)).UTC(), nil
	}
	seconds, rest := math.Modf(number / float64(time.Second/unit))
	return time.Unix(int64(seconds), int64(math.Round(rest*1e6))*1e3).UTC(), nil
}
