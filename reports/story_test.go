package reports

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
)

// TestStory: the story of the only fault is told moment by moment, with the log record and the trace.
func TestStory(t *testing.T) {
	for format, wants := range map[string][]string{
		"text": {
			"\nwhat an engineer would have known, and when: ", "\nprofile-attribute-missing: the upstream stops delivering an attribute\n",
			"  +2.3 s: users feel it: default content 2.0 % → 30 %", "  off: nobody is told; nothing names the cause\n",
			"  full: FeatureMissing tells after 5.0 s; the cause is written after 700 ms\n",
			"    · +5.0 s (5 min 0 s): FeatureMissing fires: age is missing in … of the profiles\n",
			"WARN decision default content perso.attribute=age\n",
			"· ◆ decision: POST /v1/decide", "· · ✗ profile: GET", "700 µs   ·········████", "  2 spans of the trace were not kept\n",
		},
		"markdown": {"\n### What an engineer would have known, and when\n", "- · +5.0 s (5 min 0 s): FeatureMissing fires", "| · ◆ decision: POST /v1/decide |"},
		"html": {`<article id="catch/profile-attribute-missing/full"`, `<svg role="img"`, `class="span telling"`, `class="span failed"`, "Log record: <code>15:04:05",
			"<li>&#43;5.0 s (5 min 0 s): FeatureMissing fires: age is missing", "<li>&#43;2.3 s: users feel it", `class="felt"`},
		"json": {`"kind": "firing"`, `"known": true`, `"rules_seconds": 300`, `"key": "perso.reason"`, `"depth": 2`, `"body": "default content"`},
		"csv":  {",since_injection_seconds", "FeatureMissing fires: age is missing"},
	} {
		got := strings.ReplaceAll(render(t, format, fixture()), "15:04:05.000", "15:04:05")
		if format == "html" { // the time of the fixture's record
			got = strings.ReplaceAll(got, "<code>15:06:11", "<code>15:04:05")
		}
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", format, want, storyOf(got))
			}
		}
	}
}

// storyOf is the part of a report that tells the story, as far as it is a part.
func storyOf(report string) string {
	at := strings.Index(report, "hat an engineer")
	if at < 0 {
		return "(no story)"
	}
	return report[at:min(len(report), at+8000)]
}

// TestManyStories: with more than one fault there is a line per level, and no moment.
func TestManyStories(t *testing.T) {
	a := fixture()
	a.Catch.Stories = append(a.Catch.Stories, a.Catch.Stories[0])
	a.Catch.Stories[1].Pass = 1
	a.Catch.Faults = append(a.Catch.Faults, a.Catch.Faults[1])
	a.Catch.Faults[4].Pass = 1
	got := render(t, "text", a)
	for _, want := range []string{"profile-attribute-missing (2): ", "level      told after  by              cause written after\n", "full       5.0 s       FeatureMissing  700 ms\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, storyOf(got))
		}
	}
	if strings.Contains(got, "FeatureMissing fires") {
		t.Error("a moment is told")
	}
	if page := render(t, "html", a); !strings.Contains(page, "FeatureMissing fires") || strings.Count(page, `aria-label="Trace of `) != 2 {
		t.Error("the page does not tell every moment, or has not a waterfall for each fault")
	}
}

// TestNoStory: a run without examples, as older ones are, has no such section, key or column.
func TestNoStory(t *testing.T) {
	a := fixture()
	a.Catch.Stories = nil
	for _, f := range All() {
		got := render(t, f.Name, a)
		for _, word := range []string{"engineer", `"stories"`, "since_injection_seconds,", "waterfall"} {
			if strings.Contains(got, word) {
				t.Errorf("%s: has %q", f.Name, word)
			}
		}
	}
}

// TestKnowledge: an effect that the injector saw and a change that users felt are known to nobody.
func TestKnowledge(t *testing.T) {
	for _, kind := range []catch.Kind{catch.Injected, catch.Affected, catch.Noticed, catch.Waiting, catch.Reverting, catch.Over, catch.Cleared} {
		if (catch.Moment{Kind: kind}).Known() {
			t.Errorf("%s is known", kind)
		}
	}
}
