package collector

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

func TestParseTail(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Tail
	}{
		{"errors,slow=250ms,share=0.1", Tail{Errors: true, Slow: 250 * time.Millisecond, Share: 0.1, Wait: time.Second}},
		{" errors , wait=5s ", Tail{Errors: true, Wait: 5 * time.Second}},
		{"slow=1.5s", Tail{Slow: 1500 * time.Millisecond, Wait: time.Second}},
		{"share=0", Tail{Wait: time.Second}}, // share=0 is written out: it keeps nothing
		{"share=1", Tail{Share: 1, Wait: time.Second}},
	} {
		got, err := ParseTail(tt.text)
		if err != nil || *got != tt.want {
			t.Errorf("%q: %+v, %v, want %+v", tt.text, got, err, tt.want)
			continue
		}
		if again, err := ParseTail(got.String()); err != nil || *again != *got {
			t.Errorf("%q: written as %q, which is %+v, %v", tt.text, got, again, err)
		}
	}
	if got, err := ParseTail(" "); got != nil || err != nil {
		t.Errorf("no text: %v, %v, want no tail sampling", got, err)
	}
}

func TestParseTailRefuses(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"error", `unknown part "error": legal parts are errors, slow=DURATION`},
		{"errors=yes", `errors takes no value, got "yes"`},
		{"slow", `slow must be a duration of whole milliseconds, got ""`},
		{"slow=100us", `slow must be a duration of whole milliseconds, got "100us"`},
		{"share=10", `share must be from 0 to 1, got "10"`},
		{"share=NaN", `share must be from 0 to 1`},
		{"errors,wait=1.5s", `wait must be from 1s to 1m0s in whole seconds, got "1.5s"`}, // the processor would make 1 s of it
		{"errors,wait=200ms", `wait must be from 1s`},
		{"wait=2s", `keeps nothing`},
		{"errors,errors", `errors is there twice`},
		{"errors,", `unknown part ""`},
	} {
		if got, err := ParseTail(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), role.EnvTailSampling) {
			t.Errorf("%q: %v, error %v, want one that contains %q", tt.text, got, err, tt.want)
		}
	}
}
