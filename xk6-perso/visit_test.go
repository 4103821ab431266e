package perso

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/injection"
	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// headers keeps what requests carried, before a gateway answers them.
type headers struct {
	mu   sync.Mutex
	seen []http.Header
}

func (h *headers) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.seen = append(h.seen, r.Header.Clone())
		h.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// visitor is a script with a visit v of a gateway.
func visitor(t *testing.T, options string) (*script, *journeytest.Gateway, *headers) {
	t.Helper()
	g, h := journeytest.New(t, population.New(1, 50, 20)), &headers{}
	g.Config.Handler = h.before(g.Config.Handler)
	s := newScript(t, t.TempDir(), nil)
	s.js(t, `const crowd = perso.population({users: 50, items: 20})`)
	s.start()
	s.js(t, `const v = perso.visit({source: crowd, target: '`+g.URL+`'`+options+`})`)
	return s, g, h
}

// The steps of a visit reach the gateway in their order, with the identity and the channel that they should have.
func TestVisit(t *testing.T) {
	s, g, _ := visitor(t, "")
	got := s.js(t, `
		const first = v.recommend({slots: 3, placement: 'front'});
		v.impression();
		v.identify('u7');
		v.switchChannel('store');
		const second = v.recommend(), click = v.click(second.items[0]), buy = v.purchase();
		[first.ok, first.user, first.reason, second.user, second.broken, click.item === second.items[0], buy.item === click.item, v.user, v.channel, click.status].join()
	`).String()
	if want := "true,,unknown-user,u7,false,true,true,u7,store,202"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var log []string
	for _, r := range g.Requests() {
		log = append(log, strings.TrimSpace(r.Path+" "+r.Type+" "+r.Channel))
	}
	if got, want := strings.Join(log, "; "), "/v1/recommend  web; /v1/events impression web; /v1/login  web; /v1/recommend  store; /v1/events click store; /v1/events purchase store"; got != want {
		t.Errorf("requests %s\nwant %s", got, want)
	}
	if values, tags := s.values("perso_req_duration"); len(values) != 6 || tags["step"] == "" {
		t.Errorf("%d samples, tags %v", len(values), tags)
	}
}

// A click without an item is the user's own choice: some slates are left.
func TestVisitByTaste(t *testing.T) {
	s, _, _ := visitor(t, "")
	n := s.js(t, `let n = 0; for (let i = 0; i < 60; i++) { v.recommend(); if (v.click().made) n++ } n`).ToInteger()
	if n == 0 || n == 60 {
		t.Errorf("%d of 60 slates were clicked", n)
	}
}

func TestVisitOfAGatewayThatFails(t *testing.T) {
	s, g, _ := visitor(t, "")
	g.Status = func(journeytest.Request) int { return 503 }
	got := s.js(t, `const r = v.recommend(); [r.made, r.ok, r.status, r.error.includes('status 503'), r.items.length].join()`).String()
	if got != "true,false,503,true,0" {
		t.Error(got)
	}
	if values, _ := s.values("perso_req_failed"); len(values) != 1 || values[0] != 1 {
		t.Errorf("failed %v", values)
	}
}

func TestVisitIsChecked(t *testing.T) {
	s, _, _ := visitor(t, "")
	for code, want := range map[string]string{
		`v.impression()`:              "there is no slate: recommend() comes first",
		`v.click()`:                   "there is no slate",
		`v.purchase()`:                "there is nothing to buy",
		`v.click(7)`:                  "item must be a string, got 7",
		`v.identify('u50')`:           `users are u0 to u49 in this population, got "u50"`,
		`v.switchChannel('fax')`:      `a channel is one of [web app store], got "fax"`,
		`v.switchChannel()`:           `got ""`,
		`v.recommend({slots: 51})`:    "slots: must be a whole number from 1 to 50, got 51",
		`v.recommend({place: 'x'})`:   `unknown option "place"; legal: placement, slots`,
		`perso.visit({})`:             `option "source" is required`,
		`perso.visit({trace: 2})`:     "trace: must be a number from 0 to 1, got 2",
		`perso.visit({baggage: 'x'})`: "baggage: must be an object of strings",
		`perso.visit({source: crowd, target: 'http://127.0.0.1:1', baggage: {a: 'b'}})`: "baggage travels with the trace context: set trace",
		`perso.visit({trace: 0, baggage: {'a b': 'c'}})`:                                `baggage: "a b" is no name in baggage`,
	} {
		if _, err := s.VU.Runtime().RunString(code); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", code, err, want)
		}
	}
}

// Every request has a context of its own, sampled as asked for, and its baggage; without the option there is none.
func TestTraceContext(t *testing.T) {
	form := regexp.MustCompile(`^00-([0-9a-f]{32})-[0-9a-f]{16}-(0[01])$`)
	for _, tt := range []struct {
		options  string
		sampled  [2]int // least and most of 200
		contexts bool
	}{{"", [2]int{0, 0}, false}, {", trace: 0", [2]int{0, 0}, true}, {", trace: 1", [2]int{200, 200}, true}, {", trace: 0.5, baggage: {tenant: 'é, 1'}", [2]int{60, 140}, true}} {
		s, _, h := visitor(t, tt.options)
		id := s.js(t, `let id = ''; for (let i = 0; i < 200; i++) id = v.recommend().traceId; id`).String()
		sampled, ids := 0, map[string]bool{}
		for _, header := range h.seen {
			m := form.FindStringSubmatch(header.Get("traceparent"))
			if (m != nil) != tt.contexts {
				t.Fatalf("%s: traceparent %q", tt.options, header.Get("traceparent"))
			}
			if m == nil {
				continue
			}
			ids[m[1]] = true
			if m[2] == "01" {
				sampled++
			}
			bag := header.Get("baggage")
			if !strings.Contains(bag, "perso.step=recommend,perso.channel=web,session.id=") || strings.Contains(tt.options, "tenant") != strings.HasPrefix(bag, "tenant=%C3%A9%2C%201,") {
				t.Fatalf("%s: baggage %q", tt.options, bag)
			}
		}
		if sampled < tt.sampled[0] || sampled > tt.sampled[1] || tt.contexts && (len(ids) != 200 || !ids[id]) {
			t.Errorf("%s: %d sampled, %d traces, the last one was %q", tt.options, sampled, len(ids), id)
		}
	}
	g, h := journeytest.New(t, population.New(1, 50, 20)), &headers{} // journey() and drive(), too
	g.Config.Handler = h.before(g.Config.Handler)
	s := newScript(t, t.TempDir(), nil)
	s.js(t, `const crowd = perso.population({users: 50, items: 20})`)
	s.start()
	for _, call := range []string{
		`perso.journey({source: crowd, target: '` + g.URL + `', thinkScale: 0, trace: 1})`,
		`perso.drive({source: crowd, targets: [{arm: 'x', url: '` + g.URL + `'}], rate: 100, duration: '300ms', trace: 1})`,
	} {
		before := len(h.seen)
		s.js(t, call)
		if len(h.seen) == before || h.seen[len(h.seen)-1].Get("traceparent") == "" {
			t.Errorf("%s: no trace context", call)
		}
	}
}

func TestMeasure(t *testing.T) {
	s := newScript(t, t.TempDir(), nil)
	s.start()
	if got := s.js(t, `perso.measure('sum', () => 1 + 2)`).ToInteger(); got != 3 {
		t.Errorf("returned %d", got)
	}
	if got := s.js(t, `let caught; try { perso.measure('sum', () => { throw new TypeError('no') }) } catch (e) { caught = e } caught instanceof TypeError`).ToBoolean(); !got {
		t.Error("the exception did not come back as it was")
	}
	values, tags := s.values("perso_measured_failed")
	if len(values) != 2 || values[0] != 0 || values[1] != 1 || tags["name"] != "sum" {
		t.Errorf("failed %v, tags %v", values, tags)
	}
	// A promise is over when it is settled, and comes back with its value or its reason.
	s.js(t, `let settle, fail, log = [];
		perso.measure('later', () => new Promise((yes) => { settle = yes })).then((x) => log.push(x));
		perso.measure('never', async () => { await new Promise((_, no) => { fail = no }) }).catch((e) => log.push(e.message));`)
	if values, _ := s.values("perso_measured"); len(values) != 0 {
		t.Errorf("measured before its end: %v", values)
	}
	time.Sleep(20 * time.Millisecond) // what is measured takes at least as long as this
	if got := s.js(t, `settle('done'); fail(new Error('broken'));`); got == nil {
		t.Fatal("nothing")
	}
	if got := s.js(t, `log.join()`).String(); got != "done,broken" {
		t.Errorf("promises came back as %q", got)
	}
	values, _ = s.values("perso_measured")
	if len(values) != 2 || values[0] < 20 || values[1] < 20 {
		t.Errorf("measured %v ms, want at least 20", values)
	}
	for code, want := range map[string]string{
		`perso.measure()`:                "the first argument must be a name",
		`perso.measure('x')`:             "the second argument must be a function",
		`perso.measure('x', 'y')`:        "the second argument must be a function",
		`perso.measure(() => 1, 'name')`: "the first argument must be a name",
	} {
		if _, err := s.VU.Runtime().RunString(code); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", code, err, want)
		}
	}
}

func TestInjectIsChecked(t *testing.T) {
	address, asked := newControl(t)
	for control, calls := range map[string]map[string]string{
		"":                              {`perso.inject('consumer-lag')`: "set TOLLGATE_CONTROL to the address"},
		"http://127.0.0.1:1":            {`perso.inject('consumer-lag')`: "has no token"},
		"127.0.0.1:1":                   {`perso.heal('consumer-lag')`: "must be an address such as"},
		"http://tollgate:x@127.0.0.1:1": {`perso.heal('consumer-lag')`: "connection refused"},
		strings.Replace(address, "secret", "x", 1): {`perso.inject('consumer-lag')`: "who are you?"},
		address: {
			`perso.inject()`:                                  "the first argument must be the id of a fault",
			`perso.inject('consumer-lag', 7)`:                 "parameters must be an object",
			`perso.inject('consumer-lag', {bytes: [1]})`:      "bytes must be a number or a string",
			`perso.inject('consumer-lag', {}, {for: '1h'})`:   `for: must be a duration from "1ms" to "10m0s", got "1h"`,
			`perso.inject('consumer-lag', {}, {until: '1h'})`: `unknown option "until"; legal: for`,
		},
	} {
		s := newScript(t, t.TempDir(), map[string]string{injection.EnvControl: control})
		s.start()
		for code, want := range calls {
			if _, err := s.VU.Runtime().RunString(code); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q %s: %v, want %s", control, code, err, want)
			} else if strings.Contains(err.Error(), "secret") {
				t.Errorf("the token is in the message %v", err)
			}
		}
	}
	if len(asked()) != 0 {
		t.Errorf("asked for %q", asked())
	}
}
