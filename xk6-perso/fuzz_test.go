package perso

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/grafana/sobek"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// FuzzOptions: whatever object a script gives, an option is within its limits or the error names it.
func FuzzOptions(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"thinkScale": 1e999, "workers": -0}`, `{"timeout": "1m0s", "token": "t"}`, `{"speed": 1e-3, "gapLimit": "-1ns"}`,
		`{"arrivals": "recorded", "format": "tsv", "users": 1e6}`, `{"seed": 9007199254740993, "setupTimeout": "9999999d"}`, `{"__proto__": {"vus": 1}}`,
	} {
		f.Add(seed)
	}
	rt := sobek.New()
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			t.Skip("too long to be quick")
		}
		parse, _ := sobek.AssertFunction(rt.Get("JSON").ToObject(rt).Get("parse"))
		value, err := parse(sobek.Undefined(), rt.ToValue(text))
		if err != nil {
			t.Skip("no JSON")
		}
		check := func(call string, f fields, ok func() bool) {
			if err := decode(rt, call, value, f); err != nil && !strings.HasPrefix(err.Error(), "perso: "+call+": ") {
				t.Errorf("the error does not name the call: %v", err)
			} else if err == nil && !ok() {
				t.Errorf("%s: %s is accepted", call, text)
			}
		}
		d := defaultDriver()
		check("drive", d.fields(), func() bool {
			return d.thinkScale >= 0 && d.thinkScale <= 1000 && d.timeout > 0 && d.timeout <= time.Minute && d.workers > 0
		})
		p := journey.People{Users: 1, Items: 1}
		check("population", peopleFields(&p), func() bool { return p.Users > 0 && p.Items > 0 && math.Abs(float64(p.Seed)) <= 1<<53 })
		within := time.Minute
		check("turns", fields{"setupTimeout": timeoutOption(&within)}, func() bool { return within > 0 })
		var gap time.Duration
		speed := 1.0
		check("sessions", fields{"gapLimit": durationOption(&gap, 0, time.Hour), "speed": floatOption(&speed, 1e-3, 1e6)},
			func() bool { return gap >= 0 && gap <= time.Hour && speed >= 1e-3 && speed <= 1e6 })
	})
}
