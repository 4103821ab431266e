package faults

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// TestParameters: what is written is what the fault gets, and what is out of range is refused with the range.
func TestParameters(t *testing.T) {
	for _, c := range []struct{ text, param, want, wrong string }{
		{"profile-attribute-missing", "share", "50 %", ""},
		{"profile-attribute-missing: share=0.1", "share", "10 %", ""},
		{"profile-attribute-missing: share = 10 %, attribute=tier", "share", "10 %", ""},
		{"profile-attribute-missing: share = 10 %, attribute=tier", "attribute", "tier", ""},
		{"dependency-slow: latency=250", "latency", "250 ms", ""},
		{"dependency-slow: latency=1.5s", "latency", "1500 ms", ""},
		{"consumer-lag: bytes=2048 B", "bytes", "2048 B", ""},
		{"profile-attribute-missing: share=1.5", "", "", `share must be from 1 % to 100 %, got "1.5"`},
		{"profile-attribute-missing: share=NaN", "", "", "from 1 % to 100 %"},
		{"profile-attribute-missing: share=50ms", "", "", "from 1 % to 100 %"},
		{"profile-attribute-missing: attribute=email", "", "", "attribute must be one of age, tier"},
		{"profile-attribute-missing: sahre=0.1", "", "", `unknown parameter "sahre": legal parameters of profile-attribute-missing are attribute, share`},
		{"profile-attribute-missing: share=0.1, share=0.2", "", "", "share is given twice"},
		{"profile-attribute-missing: share", "", "", `want NAME=VALUE, got "share"`},
		{"profile-attribute-missing:", "", "", "want NAME=VALUE"},
		{"none: share=0.1", "", "", "none has no parameters"},
		{"nothing: share=0.1", "", "", `unknown fault "nothing": legal faults are none`},
	} {
		f, err := Lookup(c.text)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: %v, want %s", c.text, err, c.wrong)
			}
			continue
		}
		if err != nil || f.Values[c.param].String() != c.want {
			t.Errorf("%s: %s is %q, %v; want %q", c.text, c.param, f.Values[c.param], err, c.want)
		}
	}
}

// TestDefaultsAreLegal: every default is in its range, every title and evidence is filled in, and what is written is read back.
func TestDefaultsAreLegal(t *testing.T) {
	for _, f := range All() {
		for _, p := range f.Params {
			v, err := p.Parse(p.Usual())
			if err != nil || v != f.Values[p.Name] || p.Title == "" {
				t.Errorf("%s: %s: %q is read as %+v, %v; want %+v", f.ID, p.Name, p.Usual(), v, err, f.Values[p.Name])
			}
		}
		if text := f.Title + " " + f.Evidence.String(); regexp.MustCompile(`\{[a-z_]+\}`).MatchString(text) {
			t.Errorf("%s: %s", f.ID, text)
		}
	}
	f, err := Lookup("profile-attribute-missing: share=0.1, attribute=tier")
	if err != nil || !strings.Contains(f.Title, "tier for 10 %") || !strings.Contains(f.Evidence.String(), "perso.attribute=tier") {
		t.Errorf("%s; %s; %v", f.Title, f.Evidence, err)
	}
}

// TestEvidenceCanBeAsked: evidence in metrics is an expression that Prometheus reads, and evidence elsewhere has attributes.
func TestEvidenceCanBeAsked(t *testing.T) {
	without := map[string]bool{"none": true, "known-delay": true} // the controls
	for _, f := range All() {
		switch e := f.Evidence; {
		case e == nil:
			if !without[f.ID] {
				t.Errorf("%s has no evidence", f.ID)
			}
		case e.Signal == "metrics":
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(e.Query); err != nil || len(e.Match) > 0 {
				t.Errorf("%s: %s: %v", f.ID, e, err)
			}
		case e.Signal != "logs" && e.Signal != "spans" || len(e.Match) == 0 || e.Query != "":
			t.Errorf("%s: %s", f.ID, e)
		}
	}
}
