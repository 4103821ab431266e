package slot

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TimingHeader is the header of an answer that says where its time went, in the form of the W3C's Server Timing:
//
//	Server-Timing: gateway;dur=1.234, decision;dur=0.901;in=gateway, model;dur=0.200;in=decision
//
// dur is in ms. The parameter in is ours: it names the hop within whose time this one was. The standard has every reader pass over
// parameters that it does not know.
const TimingHeader = "Server-Timing"

// Hop is one entry of TimingHeader: how long one service, or a part of one, took for an answer.
type Hop struct {
	Name string        // letters, digits, and .-_
	Took time.Duration // the hops within it included
	In   string        // name of the hop that it is within; "": of none
}

// Bounds of what is read of a header that anybody may have written.
const (
	mostTimingBytes = 8 << 10 // of all lines together; longer is as good as none
	mostHops        = 64
	mostHopName     = 40
	mostHopTime     = time.Minute
)

// Timing reads the lines of TimingHeader. Entries of the same name within the same hop are added up. What has no time, or one that
// no answer can have, is passed over: other entries of the standard are no times. Any other character in a name becomes a hyphen.
func Timing(lines []string) []Hop {
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	if size > mostTimingBytes {
		return nil
	}
	var out []Hop
	for _, line := range lines {
		for _, entry := range unquoted(line, ',') {
			if hop, ok := parseHop(entry); ok {
				out = AddHop(out, hop)
			}
		}
	}
	return out[:min(len(out), mostHops)]
}

// AddHop adds a hop to others, or its time to that of the hop of the same name in the same place.
func AddHop(hops []Hop, h Hop) []Hop {
	i := slices.IndexFunc(hops, func(o Hop) bool { return o.Name == h.Name && o.In == h.In })
	if i < 0 {
		return append(hops, h)
	}
	hops[i].Took += h.Took
	return hops
}

// FormatTiming is the inverse of Timing, to the microsecond.
func FormatTiming(hops []Hop) string {
	out := make([]byte, 0, 32*len(hops))
	for i, h := range hops {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(append(out, h.Name...), ";dur="...)
		out = strconv.AppendFloat(out, float64(h.Took)/float64(time.Millisecond), 'f', 3, 64)
		if h.In != "" {
			out = append(append(out, ";in="...), h.In...)
		}
	}
	return string(out)
}

// OwnTimes are the times of hops without those of the hops within them, by name in the order of the header, and what the outermost
// took together. Where hops within one took longer together than itself, because they ran side by side, its own time is 0.
func OwnTimes(hops []Hop) (own []Hop, outermost time.Duration) {
	for _, h := range hops {
		own = AddHop(own, Hop{Name: h.Name, Took: h.Took})
	}
	for _, h := range hops {
		within := slices.IndexFunc(own, func(o Hop) bool { return o.Name == h.In && h.In != h.Name })
		if within < 0 {
			outermost += h.Took
			continue
		}
		own[within].Took -= h.Took
	}
	for i := range own {
		own[i].Took = max(0, own[i].Took)
	}
	return own, outermost
}

// parseHop reads one entry; false if it has no time.
func parseHop(entry string) (h Hop, ok bool) {
	parts := unquoted(entry, ';')
	h.Name = hopName(parts[0])
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(part, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "dur":
			ms, err := strconv.ParseFloat(value, 64)
			ok = err == nil && ms >= 0 && ms <= float64(mostHopTime/time.Millisecond)
			if ok {
				h.Took = time.Duration(math.Round(ms * float64(time.Millisecond)))
			}
		case "in":
			h.In = hopName(value)
		}
	}
	return h, ok && h.Name != ""
}

// hopName is a name with nothing in it that could mean something elsewhere.
func hopName(text string) string {
	text = strings.TrimSpace(text)
	return strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(".-_", c) {
			return c
		}
		return '-'
	}, text[:min(len(text), mostHopName)])
}

// unquoted splits text at a separator that is in no quoted string.
func unquoted(text string, separator byte) []string {
	var out []string
	start, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++ // and what it escapes
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	return append(out, text[start:])
}
