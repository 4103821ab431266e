package slot

import (
	"slices"
	"testing"
)

// FuzzTiming: whatever an answer says, what is read of it are times and plain names.
func FuzzTiming(f *testing.F) {
	f.Add(`gateway;dur=1.234, decision;dur=0.9;in=gateway;desc="a, b"`)
	f.Fuzz(func(t *testing.T, line string) {
		hops := Timing([]string{line})
		for _, h := range hops {
			if h.Took < 0 || h.Name == "" || hopName(h.Name) != h.Name || hopName(h.In) != h.In {
				t.Errorf("%q gives %+v", line, h)
			}
		}
		long := slices.ContainsFunc(hops, func(h Hop) bool { return h.Took > mostHopTime }) // of several entries
		if again := Timing([]string{FormatTiming(hops)}); len(again) != len(hops) && !long {
			t.Errorf("%q gives %v, and then %v", line, hops, again)
		}
		own, _ := OwnTimes(hops)
		for _, h := range own {
			if h.Took < 0 {
				t.Errorf("%q: %+v", line, h)
			}
		}
	})
}
