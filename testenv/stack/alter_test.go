package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/population"
)

func TestAlterationsAreChecked(t *testing.T) {
	for params, says := range map[string]string{
		`{"attribute":"age","share":0.5,"change":"drop"}`:                         "",
		`{"attribute":"age","share":1,"change":"set","value":-1}`:                 "",
		`{"attribute":"age","share":1,"change":"set","value":"old"}`:              "", // an upstream can do that, too
		`{"attribute":"tier","share":1,"change":"rename","value":"loyalty_tier"}`: "",
		`{"attribute":"country","share":1,"change":"shift"}`:                      "",
		`{"attribute":"shoe","share":1,"change":"drop"}`:                          "attribute must be one of",
		`{"attribute":"age","share":0,"change":"drop"}`:                           "share must be in (0, 1]",
		`{"attribute":"age","share":1}`:                                           "change must be one of",
		`{"attribute":"age","share":1,"change":"drop","value":1}`:                 "takes no value",
		`{"attribute":"age","share":1,"change":"set"}`:                            "needs a value",
		`{"attribute":"age","share":1,"change":"rename"}`:                         "needs a value",
		`{"attribute":"age","share":1,"change":"rename","value":"tier"}`:          "no field of the schema",
		`{"attribute":"age","share":1,"change":"drop","values":1}`:                "values",
	} {
		_, err := readAlteration(json.RawMessage(params))
		if says == "" && err != nil || says != "" && (!errors.Is(err, errParams) || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", params, err, says)
		}
	}
}

func TestAlteredRecords(t *testing.T) {
	u := population.User{ID: "u1", Email: "user1@example.com"}
	for params, want := range map[string]string{
		`{"attribute":"age","share":1,"change":"drop"}`:                           `{"tier":"gold","user":"u1"}`,
		`{"attribute":"age","share":1,"change":"set","value":-1}`:                 `{"age":-1,"tier":"gold","user":"u1"}`,
		`{"attribute":"tier","share":1,"change":"rename","value":"loyalty_tier"}`: `{"age":30,"loyalty_tier":"gold","user":"u1"}`,
		`{"attribute":"country","share":1,"change":"shift"}`:                      `{"age":30,"country":"user1@example.com","tier":"gold","user":"u1"}`,
	} {
		a, err := readAlteration(json.RawMessage(params))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.apply([]byte(`{"user":"u1","age":30,"tier":"gold"}`), u); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", params, got, err, want)
		}
	}
}

func TestReadDocument(t *testing.T) {
	for text, want := range map[string]string{
		`{"user":"u1","age":30,"consent":true,"batch":3,"updated_ms":5}`: `u1 []`,
		`{"user":"u1","loyalty_tier":"gold","Zip":"1"}`:                  `u1 [Zip loyalty_tier]`,
		`{"user":"u1"} x`:            `error`,
		`{"user":"u1","age":"old"}`:  `error`,
		`{spoilt`:                    `error`,
		`{"user":"u1","email":null}`: `u1 []`,
	} {
		doc, unknown, err := readDocument([]byte(text))
		got := fmt.Sprint(doc.User, " ", unknown)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestQuiet(t *testing.T) {
	q, at := quiet{every: time.Second, said: map[string]utterance{}}, time.Unix(100, 0)
	for _, step := range []struct {
		kind    string
		after   time.Duration
		skipped int
		ok      bool
	}{
		{"a", 0, 0, true}, {"a", 10 * time.Millisecond, 0, false}, {"b", 10 * time.Millisecond, 0, true}, {"a", 900 * time.Millisecond, 0, false},
		{"a", time.Second, 2, true}, {"a", 2 * time.Second, 0, true},
	} {
		if skipped, ok := q.speak(step.kind, at.Add(step.after)); skipped != step.skipped || ok != step.ok {
			t.Errorf("%s after %v: %d, %v", step.kind, step.after, skipped, ok)
		}
	}
}

// audit asks what is in the store.
func (d *deployed) audit(attribute, match string) (a auditAnswer) {
	d.t.Helper()
	d.must("POST", "profile", "/control/audit", auditParams{attribute, match}, &a)
	return a
}

// TestWhatTheUpstreamAlters: for every alteration, the effect comes, and goes with the heal and with the end of the lease.
func TestWhatTheUpstreamAlters(t *testing.T) {
	d := deploy(t, func(_ string, cfg *Config) { cfg.Refresh = 3000 })
	for _, test := range []struct {
		attribute, change string
		value             any
		match, reason     string
	}{
		{"age", changeSet, 0, "^0$", ""}, // passes for the age of somebody young
		{"age", changeSet, -1, "^-1$", reasonInvalid},
		{"tier", changeRename, "loyalty_tier", "", reasonMissing},
		{"consent", changeSet, false, "^false$", reasonNoConsent},
		{"consent", changeDrop, nil, "", reasonNoConsent},
		{"country", changeShift, nil, "@", ""},
	} {
		name := fmt.Sprintf("%s %s %v", test.attribute, test.change, test.value)
		params := map[string]any{"attribute": test.attribute, "share": 0.5, "change": test.change}
		if test.value != nil {
			params["value"] = test.value
		}
		hit := func() (n, defaults int) {
			a := d.audit(test.attribute, test.match)
			counts := d.defaults()
			if test.match == "" {
				return a.Missing, counts[test.reason]
			}
			return a.Matching, counts[test.reason]
		}
		there := func() bool {
			n, reason := hit()
			return n > testUsers/4 && n < testUsers && (test.reason == "" || reason == n)
		}
		gone := func() bool {
			n, _ := hit()
			return n == 0 && d.defaults()[""] == testUsers
		}
		pull := func(lease string) { d.must("PUT", "etl", "/control/alter-profiles?lease="+lease, params, nil) }
		pull("1m")
		eventually.True(t, name, there)
		if unknown := d.audit("", "").Unknown > 0; unknown != (test.change == changeRename) {
			t.Errorf("%s: unknown fields: %v", name, unknown)
		}
		d.must("DELETE", "etl", "/control/alter-profiles", nil, nil)
		eventually.True(t, name+", healed", gone)
		pull("1m")
		eventually.True(t, name+", again", there)
		pull("20ms")
		eventually.True(t, name+", after the lease", gone)
	}
}

func TestStoppedDelivery(t *testing.T) {
	d := deploy(t, func(_ string, cfg *Config) { cfg.Refresh = 1000 })
	old := func() bool { return d.audit("", "").AgeMS > 400 }
	fresh := func() bool { return d.audit("", "").AgeMS < 200 }
	for _, end := range []func(){
		func() { d.must("DELETE", "etl", "/control/stop-delivery", nil, nil) },
		func() { d.must("PUT", "etl", "/control/stop-delivery?lease=20ms", struct{}{}, nil) },
	} {
		eventually.True(t, "fresh profiles", fresh)
		d.must("PUT", "etl", "/control/stop-delivery?lease=1m", struct{}{}, nil)
		eventually.True(t, "old profiles", old)
		if status, _ := d.call("POST", "etl", "/control/deliver", struct{}{}, nil); status != 502 {
			t.Errorf("a delivery of a stopped upstream answers %d", status)
		}
		end()
	}
	eventually.True(t, "fresh profiles again", fresh)
}

func TestUnpublishedContent(t *testing.T) {
	d := deploy(t, nil)
	pull := func(share float64, lease string) {
		d.must("PUT", "profile", "/control/unpublish?lease="+lease, unpublished{share}, nil)
	}
	gone := func() bool { return d.audit("", "").Unlisted == 0 && len(d.recommend("s", "u1").Items) == 5 }
	pull(0.5, "1m")
	eventually.True(t, "half of the content", func() bool {
		a := d.audit("", "")
		return a.Unlisted > testItems/4 && a.Items > testItems/4 && a.Items+a.Unlisted == testItems
	})
	pull(1, "1m")
	eventually.True(t, "no content", func() bool { return d.defaults()[reasonNoContent] == testUsers })
	d.must("DELETE", "profile", "/control/unpublish", nil, nil)
	eventually.True(t, "content after the heal", gone)
	pull(1, "1m")
	eventually.True(t, "no content again", func() bool { return d.audit("", "").Items == 0 })
	pull(1, "20ms")
	eventually.True(t, "content after the lease", gone)
	if status, _ := d.call("PUT", "profile", "/control/unpublish?lease=1m", unpublished{2}, nil); status != 400 {
		t.Errorf("a share of 2 answers %d", status)
	}
}

// TestCausesAreWritten: each fault in the data leaves the record that names its cause, and no address or user in the clear.
func TestCausesAreWritten(t *testing.T) {
	o := observe(t, func(_ string, cfg *Config) { cfg.Debug, cfg.Refresh = true, 500 })
	has := func(service, point string) func() bool {
		return func() bool {
			return slices.ContainsFunc(o.points(service), func(p string) bool { return strings.HasPrefix(p, point) })
		}
	}
	eventually.True(t, "the age of the newest update", has("ingest", "perso.update.age{messaging.destination.name=arm.profile-updates}"))
	for _, test := range []struct {
		change         string
		params         map[string]any
		key, value     string   // of the record
		with           []string // other attributes that it has
		service, point string
	}{
		{"age 0", map[string]any{"attribute": "age", "share": 1, "change": "set", "value": 0}, "perso.features.age", "0",
			[]string{"perso.features.tier", "session.id"}, "decision", "perso.feature.impossible{perso.feature=age}"},
		{"rename", map[string]any{"attribute": "tier", "share": 1, "change": "rename", "value": "loyalty_tier"}, "perso.field", "loyalty_tier",
			[]string{"perso.schema", "perso.batch", "perso.reason"}, "ingest", "perso.profile.fields.unknown{}"},
		{"no consent", map[string]any{"attribute": "consent", "share": 1, "change": "set", "value": false}, "perso.reason", reasonNoConsent,
			[]string{"perso.attribute", "perso.batch"}, "decision", "perso.decisions{perso.channel=web,perso.reason=no-consent"},
		{"address", map[string]any{"attribute": "country", "share": 1, "change": "shift"}, redactedKey, "1",
			[]string{"perso.redacted.hash", "code.function.name", "code.line.number", "perso.attribute", pseudonymKey}, "ingest", "perso.redactions{code.function.name="},
	} {
		if len(o.logs.with(test.key, test.value)) > 0 {
			t.Errorf("%s: the record is there before", test.change)
		}
		o.must("PUT", "etl", "/control/alter-profiles?lease=1m", test.params, nil)
		eventually.True(t, "the record of "+test.change, func() bool { o.recommend("s1", "u1"); return len(o.logs.with(test.key, test.value)) > 0 })
		for _, key := range test.with {
			if r := o.logs.with(test.key, test.value)[0]; recordAttr(r, key) == "" {
				t.Errorf("%s: no %s", test.change, key)
			}
		}
		eventually.True(t, "the metric of "+test.change, has(test.service, test.point))
	}
	o.must("DELETE", "etl", "/control/alter-profiles", nil, nil)
	eventually.True(t, "all personalized again", func() bool { return o.defaults()[""] == testUsers })
	o.must("PUT", "etl", "/control/stop-delivery?lease=1m", struct{}{}, nil)
	eventually.True(t, "a record of old profiles", func() bool { return len(o.logs.with("perso.reason", reasonStale)) > 0 })

	o.must("PUT", "profile", "/control/unpublish?lease=1m", unpublished{1}, nil)
	eventually.True(t, "a record and a span of missing content", func() bool {
		o.recommend("s1", "u2")
		return len(o.logs.with("perso.content.missing", "5")) > 0 && slices.ContainsFunc(o.spans.GetSpans(), func(s tracetest.SpanStub) bool {
			return attr(s.Attributes, "perso.content.missing") == "5" && attr(s.Attributes, "perso.item") != ""
		})
	})
	eventually.True(t, "its metric", has("profile", "perso.content.items{perso.result=missing}"))
	o.expectPrivacy()
}
