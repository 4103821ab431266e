package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// delay is a known delay of a series: a fixed time, or a share of the baseline's p50.
type delay struct {
	fixed time.Duration
	share float64 // of the baseline's p50; above 0 instead of fixed
}

// The delays that an experiment takes (toll.known_delay).
const (
	leastDelay = 10 * time.Microsecond
	mostDelay  = 100 * time.Millisecond
)

// defaultDelays are the delays of the published series.
const defaultDelays = "25us,50us,100us,200us,2%,5%,10%"

// parseDelays reads a list such as defaultDelays.
func parseDelays(list string) ([]delay, error) {
	var out []delay
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		if number, relative := strings.CutSuffix(word, "%"); relative {
			share, err := strconv.ParseFloat(number, 64)
			if err != nil || !(share > 0 && share <= 1000) {
				return nil, fmt.Errorf("--delays: %q: want per cent of the baseline's p50 above 0 and at most 1000, such as 5%%", word)
			}
			out = append(out, delay{share: share / 100})
			continue
		}
		fixed, err := time.ParseDuration(word)
		if err != nil || fixed < leastDelay || fixed > mostDelay || fixed%time.Microsecond != 0 {
			return nil, fmt.Errorf("--delays: %q: want whole microseconds from %v to %v, such as 50us, or per cent, such as 5%%", word, leastDelay, mostDelay)
		}
		out = append(out, delay{fixed: fixed})
	}
	if out[0].share > 0 {
		return nil, errors.New("--delays: the first must be a time, such as 25us: per cent are of a p50 that a run has measured before")
	}
	return out, nil
}

// String is the delay for people: 25 µs, or +5 %.
func (d delay) String() string {
	if d.share > 0 {
		return fmt.Sprintf("+%.4g %%", 100*d.share)
	}
	return fmt.Sprintf("%d µs", d.fixed.Microseconds())
}

// slug is the delay as part of a file name: 25us, or 5pct.
func (d delay) slug() string {
	if d.share > 0 {
		return strconv.FormatFloat(math.Round(1e6*d.share)/1e4, 'f', -1, 64) + "pct"
	}
	return fmt.Sprintf("%dus", d.fixed.Microseconds())
}

// slugged matches what slug makes.
var slugged = regexp.MustCompile(`^(\d+(?:\.\d+)?)(us|pct)$`)

// parseSlug is the inverse of slug; it reports false if the text is not a slug.
func parseSlug(text string) (delay, bool) {
	part := slugged.FindStringSubmatch(text)
	if part == nil {
		return delay{}, false
	}
	number, err := strconv.ParseFloat(part[1], 64)
	if part[2] == "pct" {
		return delay{share: number / 100}, err == nil
	}
	return delay{fixed: time.Duration(number * float64(time.Microsecond))}, err == nil
}

// of returns the delay as a time, given the baseline's p50 in seconds.
func (d delay) of(p50 float64) (time.Duration, error) {
	if d.share == 0 {
		return d.fixed, nil
	}
	spin := time.Duration(d.share * p50 * float64(time.Second)).Round(time.Microsecond)
	if !(p50 > 0) || spin < leastDelay || spin > mostDelay {
		return 0, fmt.Errorf("a delay of %v of a p50 of %.3g ms is %v: it must be from %v to %v", d, 1e3*p50, spin, leastDelay, mostDelay)
	}
	return spin, nil
}
