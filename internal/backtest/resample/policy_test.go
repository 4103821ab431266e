package resample

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text  string
		want  float64 // the chance of a trace of the app
		wrong string  // or, where it is right, what the text becomes
	}{
		{"ratio 10%", 0.1, "= ratio 10%"},
		{"  ratio   0.5% web=100% ", 0.005, "= ratio 0.5% web=100%"},
		{"ratio 10% app=100%", 1, "= ratio 10% app=100%"},
		{"ratio 100% app=0%", 0, "= ratio 100% app=0%"},
		{"tail errors,share=0.25", 0.25, "= tail errors, share=0.25"},
		{"tail  slow=400ms ,errors", 0, "= tail slow=400ms, errors"},
		{"", 0, "the policy is empty: want ratio SHARE"},
		{"head 10%", 0, `column 1: "head" is no policy: want ratio SHARE`},
		{"ratio", 0, `column 1: "ratio" needs a share`},
		{"ratio 0.1", 0, `column 7: "0.1" has the share "0.1": want one from 0% to 100%`},
		{"ratio 101%", 0, "want one from 0% to 100%"},
		{"ratio -1%", 0, "want one from 0% to 100%"},
		{"ratio NaN%", 0, "want one from 0% to 100%"},
		{"ratio 10% app", 0, `column 11: "app" is no CHANNEL=SHARE`},
		{"ratio 10% =5%", 0, "is no CHANNEL=SHARE"},
		{"ratio 10%  web=1% app=200%", 0, `column 19: "app=200%" has the share "200%"`},
		{"ratio 10% app=1% app=2%", 0, "names the channel app again"},
		{"tail", 0, `column 1: "tail" needs parts`},
		{"tail errors slow=1s", 0, `unknown part "errors slow"`},
		{"tail slow=fast", 0, `column 6: "slow=fast" begins no tail sampling: `},
		{"tail share=2", 0, "share must be from 0 to 1"},
	} {
		p, err := Parse(c.text)
		text, right := strings.CutPrefix(c.wrong, "= ")
		if !right {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%q: error %v, want %q", c.text, err, c.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := p.chance(trace{channel: "app"}); got != c.want || p.Text != text {
			t.Errorf("%q: %q keeps a trace of the app with %v, want %v", c.text, p.Text, got, c.want)
		}
	}
}

// Tail sampling looks at the whole trace: its errors, and its length, which must be longer than slow says, in whole milliseconds as in the
// Collector.
func TestTailLooksAtTheTrace(t *testing.T) {
	p, err := Parse("tail errors,slow=400ms,share=0.1")
	if err != nil {
		t.Fatal(err)
	}
	lasting := func(d time.Duration) trace { return trace{start: 1000, end: 1000 + int64(d)} }
	for _, c := range []struct {
		of   trace
		want float64
	}{
		{trace{failed: true}, 1}, {trace{}, 0.1}, {lasting(400 * time.Millisecond), 0.1}, {lasting(401 * time.Millisecond), 1}, {lasting(400*time.Millisecond + 1), 0.1},
	} {
		if got := p.chance(c.of); got != c.want {
			t.Errorf("%+v is kept with %v, want %v", c.of, got, c.want)
		}
	}
}
