package journey

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// longestSpan is how far apart the times of a file may be at most. It is more than recordings span, and less than lies between
// 1970, which a time that is missing often becomes, and today.
const longestSpan = 30 * 365 * 24 * time.Hour

// never is longer than any load lasts, and so short that three of it add up without an overflow.
const never = time.Duration(1) << 61

// upTo is a duration of that many nanoseconds, or never if they are more.
func upTo(nanoseconds float64) time.Duration {
	if nanoseconds < float64(never) {
		return time.Duration(nanoseconds)
	}
	return never
}

// parseTime reads seconds since 1970 or RFC 3339, from 1970 to 9999.
func parseTime(text string) (time.Time, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if hint := unlikely(text, seconds); hint != "" {
			return time.Time{}, fmt.Errorf("%s must be seconds since 1970%s, got %q", colTime, hint, text)
		}
		return time.UnixMicro(int64(seconds * 1e6)).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Unix() < 0 {
		return time.Time{}, fmt.Errorf("%s must be seconds since 1970 or like 2014-04-07T10:51:09.277Z%s, got %q", colTime, missing(text), text)
	}
	return t.UTC(), nil
}

// unlikely says why a number can be no time in seconds, with what to do; "" if it can be one.
func unlikely(text string, seconds float64) string {
	const last = 253402300799 // the end of the year 9999
	digits := strings.Trim(text, "0123456789") == ""
	for _, layout := range []string{"20060102", "20060102150405", "200601021504"} {
		if at, err := time.Parse(layout, text); digits && err == nil && at.Year() >= 1990 && at.Year() < 2100 {
			return " (not a date in digits: write it like 2014-04-07T10:51:09Z)"
		}
	}
	switch {
	case seconds > last && seconds < last*1e3:
		return " (not milliseconds: divide them by 1000)"
	case seconds >= last*1e3 && seconds < last*1e6:
		return " (not microseconds: divide them by 1000000)"
	case seconds >= last*1e6 && seconds < last*1e9:
		return " (not nanoseconds: divide them by 1000000000)"
	case !(seconds >= 0 && seconds <= last): // also refuses NaN
		return ", from 1970 to 9999"
	}
	return ""
}

// missing says what a text lacks to be a time as RFC 3339 has it.
func missing(text string) string {
	if _, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64); err == nil {
		return " (with a point for the decimals)"
	}
	if _, err := time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "T", 1)); err == nil {
		return " (with a T between date and time)"
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, text); err == nil {
			return " (with a T between date and time, and Z or the offset of its time zone)"
		}
	}
	return ""
}
