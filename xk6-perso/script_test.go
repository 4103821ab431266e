package perso

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Two arms, one of them slower, take turns and then take load together: same work, and the histograms tell them apart.
func TestScriptOfTheUser(t *testing.T) {
	const slower = 20 * time.Millisecond
	fast, slow := newService(t, 0), newService(t, slower)
	a, b := slot.Target{Arm: "off", URL: fast.URL + "/"}, slot.Target{Arm: "full", URL: slow.URL}
	together := ownOrder(5, slot.Catch, a, b)
	together.Overlap, together.Launch = true, 2
	o := runOwn(t, `
		import http from 'k6/http';
		export const options = { vus: 1, duration: '1s', thresholds: { http_req_duration: ['p(95)<1'] }, userAgent: 'mine' };
		export default function () {
			http.get(__ENV.BASE_URL + '/list', { tags: { step: 'list' } });
			http.post(__ENV.BASE_URL + '/item', 'x');
		}`,
		ownOrder(0, slot.Warmup, a), ownOrder(1, slot.Warmup, b),
		ownOrder(2, slot.Toll, a), ownOrder(3, slot.Toll, b), ownOrder(4, slot.Toll, b), together)
	o.over(t, 6)
	var sent int64
	work := map[string][]int64{}
	for _, r := range o.reports {
		for _, w := range r.Arms {
			sent += w.Sent
			half := w.Sent / 2
			if half == 0 || w.Scheduled != w.Sent || w.Dropped+w.Failed != 0 || w.Steps["list"] != half || w.Steps[slot.AnyStep] != half {
				t.Errorf("order %d, arm %s: %+v", r.Order, w.Arm, w)
			}
			work[w.Arm] = append(work[w.Arm], w.Sent)
		}
	}
	if all := fast.total() + slow.total(); sent != all {
		t.Errorf("%d sent, the services saw %d", sent, all)
	}
	if work["off"][0] != work["full"][0] || work["off"][1] != work["full"][1] {
		t.Errorf("unequal work: %v", work)
	}
	for _, kind := range []string{result.Service, result.Response} {
		for _, step := range []string{"list", slot.AnyStep} {
			f, s := o.histogram(t, "off", step, kind), o.histogram(t, "full", step, kind)
			if s.Min() < int64(slower)*99/100 || f.Min() >= int64(slower) || f.ValueAtQuantile(50) >= s.ValueAtQuantile(50) {
				t.Errorf("%s of %s: %s and slower by %s: %s", kind, step, time.Duration(f.Min()), slower, time.Duration(s.Min()))
			}
		}
	}
	first, all := o.histogram(t, "", "list", result.Lag).TotalCount(), o.histogram(t, "", "list", result.Service).TotalCount()
	if first != all || all == 0 {
		t.Errorf("lag of %d first requests, of %d", first, all)
	}
	if n := o.histogram(t, "", slot.AnyStep, result.Lag).TotalCount(); n != 0 {
		t.Errorf("lag of %d requests that are not the first of their turn", n)
	}
}

// Batches, promises, redirects and requests to elsewhere: what goes to the arm is measured, each request once, with its own times.
func TestScriptKindsOfRequests(t *testing.T) {
	arm, elsewhere := newService(t, 5*time.Millisecond), newService(t, 0)
	o := runOwn(t, `
		import http from 'k6/http';
		const env = __ENV; // kept from the loading
		export default async function () {
			const url = env.BASE_URL;
			http.get('`+elsewhere.URL+`/token');
			http.batch([url + '/page', url + '/page', ['GET', url + '/page', null, { tags: { step: 'Not a step!' } }]]);
			const asked = http.asyncRequest('GET', url + '/page', null, { tags: { step: 'promised' } });
			http.get(url + '/moved', { tags: { step: 'moved' } });
			await asked;
			http.get(url + '/spun');
			http.asyncRequest('GET', url + '/page', null, { tags: { step: 'late' } }); // not waited for by the function, but by k6
		}`, ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: arm.URL}))
	o.over(t, 1)
	w := o.reports[0].Arms[0]
	n := w.Steps["promised"] // one of each turn
	if w.Sent != arm.total() || n == 0 || w.Sent != 8*n ||
		w.Steps["late"] != n || w.Steps["moved"] != 2*n || w.Steps[slot.AnyStep] != 4*n {
		t.Errorf("%d seen, %+v", arm.total(), w)
	}
	if w.Failed != 0 || elsewhere.total() != n || w.SpunN == 0 || w.Spun != 300*time.Microsecond {
		t.Errorf("%d elsewhere, %+v", elsewhere.total(), w)
	}
	for _, kind := range []string{result.Service, result.Response} {
		if h := o.histogram(t, "off", "", kind); h.Min() < int64(5*time.Millisecond)*99/100 {
			t.Errorf("%s of %s", kind, time.Duration(h.Min()))
		}
	}
}

// HTTP/2 carries many requests at once on one connection: each keeps its own times and step. The script's TLS options hold.
func TestScriptOverHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			http.Error(w, "want HTTP/2", http.StatusBadRequest)
		}
		if r.URL.Path == "/slow" {
			time.Sleep(60 * time.Millisecond)
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	o := runOwn(t, `
		import http from 'k6/http';
		export const options = { insecureSkipTLSVerify: true };
		export default async function () {
			const url = __ENV.BASE_URL;
			const slow = http.asyncRequest('GET', url + '/slow', null, { tags: { step: 'slow' } });
			await http.asyncRequest('GET', url + '/', null, { tags: { step: 'quick' } });
			await http.asyncRequest('GET', url + '/', null, { tags: { step: 'quick' } });
			await slow;
		}`, ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: s.URL}))
	o.over(t, 1)
	if w := o.reports[0].Arms[0]; w.Steps["slow"] == 0 || w.Steps["quick"] != 2*w.Steps["slow"] || w.Failed != 0 {
		t.Errorf("%+v\n%s", w, o.output)
	}
	slow, quick := o.histogram(t, "off", "slow", result.Service), o.histogram(t, "off", "quick", result.Service)
	if slow.Min() < int64(59*time.Millisecond) || quick.ValueAtQuantile(50) > int64(40*time.Millisecond) {
		t.Errorf("slow from %s on, quick %s at the median", time.Duration(slow.Min()), time.Duration(quick.ValueAtQuantile(50)))
	}
}

// Turns are due when they are due, although those before sleep; without an idle VU they are dropped.
func TestScriptThatSleeps(t *testing.T) {
	s := newService(t, 0)
	order := ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: s.URL})
	o := runOwn(t, `
		import http from 'k6/http';
		import { sleep } from 'k6';
		export default function () {
			sleep(0.3);
			http.get(__ENV.BASE_URL + '/');
			http.get(__ENV.BASE_URL + '/');
		}`, order)
	o.over(t, 1)
	w := o.reports[0].Arms[0]
	if w.Sent < 16 || w.Dropped < 2 || w.Dropped%2 != 0 || w.Scheduled != w.Sent+w.Dropped {
		t.Errorf("8 VUs that sleep through most of a slot: %+v", w)
	}
	if most := time.Duration(o.histogram(t, "", "", result.Response).Max()); most > 250*time.Millisecond {
		t.Errorf("a response of %s: the script's sleep is none of the service's", most)
	}
}

// What fails is counted, by the script's own idea of failure, and the run goes on.
func TestScriptThatFails(t *testing.T) {
	s := newService(t, 0)
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, tt := range map[string]struct {
		url, body    string
		sent, failed int64 // by each turn
	}{
		"throws":         {s.URL, `http.get(u + '/page'); throw new Error('no');`, 1, 1},
		"status":         {s.URL, `http.get(u + '/page'); http.get(u + '/broken');`, 2, 1},
		"fails, throws":  {s.URL, `if (http.get(u + '/broken').status != 200) throw new Error('no');`, 1, 1},
		"expected":       {s.URL, `http.get(u + '/missing', { responseCallback: http.expectedStatuses(404) });`, 1, 0},
		"judges nothing": {s.URL, `http.get(u + '/missing', { responseCallback: null });`, 1, 1},
		"gone":           {gone.URL, `http.get(u + '/page');`, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.total()
			o := runOwn(t, `
				import http from 'k6/http';
				export default function () { const u = __ENV.BASE_URL; `+tt.body+` }`,
				ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: tt.url}), ownOrder(1, slot.Toll, slot.Target{Arm: "off", URL: tt.url}))
			o.over(t, 2)
			var sent int64
			for _, r := range o.reports {
				w := r.Arms[0]
				if w.Sent == 0 || w.Failed != tt.failed*w.Sent/tt.sent {
					t.Errorf("%+v", w)
				}
				sent += w.Sent
			}
			if seen := s.total() - before; seen != sent && tt.url == s.URL {
				t.Errorf("%d sent, %d seen", sent, seen)
			}
		})
	}
}

// A script that cannot be measured ends the run, and says why.
func TestScriptThatCannotBeMeasured(t *testing.T) {
	s := newService(t, 0)
	for name, tt := range map[string]struct{ script, want string }{
		"base URL at its top": {`
			const url = __ENV.BASE_URL + '/page';
			export default function () { http.get(url); }`, "the script reads __ENV.BASE_URL while it is loaded"},
		"default at its top": {`
			const url = __ENV.BASE_URL || 'http://127.0.0.1:1';
			export default function () { http.get(url + '/page'); }`, "read __ENV.BASE_URL inside the function"},
		"fixed URL": {`
			export default function () { http.get('` + newService(t, 0).URL + `'); }`,
			"10 turns ended without an HTTP request to arm off at " + s.URL},
		"throws at once": {`
			export default function () { nothing(); }`, "the script threw: ReferenceError: nothing is not defined"},
		"no default function": {`
			export function other() {}`, "the script exports no default function"},
		"setup throws": {`
			export function setup() { throw new Error('no users'); }
			export default function () {}`, "setup of arm off threw: Error: no users"},
		"base URL at its top, in setup": {`
			const url = __ENV.BASE_URL;
			export function setup() { http.post(url + '/login'); }
			export default function () {}`, "the script reads __ENV.BASE_URL while it is loaded"},
	} {
		t.Run(name, func(t *testing.T) {
			order := ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: s.URL})
			order.Duration = 10 * time.Second
			begun := time.Now()
			o := runOwn(t, "import http from 'k6/http';\n"+tt.script, order)
			lines := strings.Split(strings.TrimSpace(o.output), "\n")
			if last := strings.Join(lines[max(0, len(lines)-5):], "\n"); !strings.Contains(last, tt.want) {
				t.Errorf("want … %s … within the last lines of:\n%s", tt.want, o.output)
			}
			if len(o.reports) != 0 || time.Since(begun) > order.Duration {
				t.Errorf("it went on, %d reports", len(o.reports))
			}
		})
	}
}

// When k6 is stopped in the midst of turns, the slot is still reported, without what was given up.
func TestScriptStops(t *testing.T) {
	var pages, hanging atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/hang":
			hanging.Add(1)
			<-r.Context().Done()
		case pages.Add(1) == 1:
			fmt.Fprint(w, "hang")
		case hanging.Load() == 1:
			fmt.Fprint(w, "abort")
		}
	}))
	t.Cleanup(s.Close)
	order := ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: s.URL})
	order.Duration = time.Hour
	o := runOwn(t, `
		import http from 'k6/http';
		import exec from 'k6/execution';
		export default function () {
			switch (http.get(__ENV.BASE_URL + '/page').body) {
			case 'hang':
				http.get(__ENV.BASE_URL + '/hang');
				break;
			case 'abort':
				exec.test.abort('enough');
			}
		}`, order)
	if len(o.reports) != 1 || !strings.Contains(o.output, "test aborted: enough") {
		t.Fatalf("%d reports:\n%s", len(o.reports), o.output)
	}
	if w := o.reports[0].Arms[0]; w.Sent < 2 || w.Sent > pages.Load() || hanging.Load() != 1 || w.Failed != 0 {
		t.Errorf("%d pages seen, %+v", pages.Load(), w)
	}
}

// Setup and teardown are called for every arm, with its base URL; the turns get what its setup returned.
func TestScriptSetUp(t *testing.T) {
	a, b := newService(t, 0), newService(t, 0)
	targets := []slot.Target{{Arm: "off", URL: a.URL}, {Arm: "full", URL: b.URL}}
	again := ownOrder(3, slot.Toll, targets[1])
	again.Launch = 2
	ends := func(id, launch int) slot.Order { // a slot of no arm has no length
		return slot.Order{ID: id, Phase: slot.TearDown, Launch: launch, Targets: targets}
	}
	o := runOwn(t, `
		import http from 'k6/http';
		import { sleep } from 'k6';
		export async function setup() {
			const res = await http.asyncRequest('POST', __ENV.BASE_URL + '/setup');
			return { token: __ENV.BASE_URL + res.body };
		}
		export default function (data) {
			http.get(__ENV.BASE_URL + '/page', { headers: { Authorization: data.token } });
		}
		export function teardown(data) {
			http.post(__ENV.BASE_URL + '/teardown', null, { headers: { Authorization: 'end of ' + data.token } });
		}`, ownOrder(0, slot.Catch, targets...), ownOrder(1, slot.Toll, targets[0]), ends(2, 1), again, ends(4, 2))
	o.over(t, 5)
	var sent int64
	for _, r := range o.reports {
		for _, w := range r.Arms {
			sent += w.Sent
		}
	}
	pages, own := a.seen["/page"]+b.seen["/page"], a.auth[a.URL+"ok"]+b.auth[b.URL+"ok"]
	if int64(pages) != sent || own != pages {
		t.Errorf("%d sent; %v %v; %v %v", sent, a.seen, a.auth, b.seen, b.auth)
	}
	for s, launches := range map[*service]int{a: 1, b: 2} { // a took no load in launch 2
		if s.seen["/setup"] != launches || s.seen["/teardown"] != launches || s.auth["end of "+s.URL+"ok"] != launches {
			t.Errorf("setup and teardown once per arm and launch, want %d: %v, %v", launches, s.seen, s.auth)
		}
	}
	if n := len(o.reports[2].Warnings) + len(o.reports[4].Warnings); n > 0 {
		t.Errorf("warnings of teardowns: %v", o.reports)
	}
}

// A teardown that throws, or takes too long by the script's own option, is a warning, and the run goes on.
func TestScriptTearDownFails(t *testing.T) {
	s := newService(t, 0)
	target := slot.Target{Arm: "off", URL: s.URL}
	for body, want := range map[string]string{
		`throw new Error('no')`: "perso: turns: teardown of arm off threw: Error: no at /",
		`sleep(5)`:              "perso: turns: teardown of arm off: it takes longer than 200ms (option teardownTimeout)",
	} {
		o := runOwn(t, `
			import http from 'k6/http';
			import { sleep } from 'k6';
			export const options = { teardownTimeout: 200 };
			export default function () { http.get(__ENV.BASE_URL + '/page'); }
			export function teardown() { `+body+` }`,
			ownOrder(0, slot.Toll, target), slot.Order{ID: 1, Phase: slot.TearDown, Launch: 1, Targets: []slot.Target{target}}, ownOrder(2, slot.Toll, target))
		o.over(t, 3)
		if got := o.reports[1].Warnings; len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: warnings %v, want %s", body, got, want)
		}
	}
}

// Cookies are forgotten between turns, and samples carry the arm and reach k6's outputs.
func TestScriptKeepsToK6(t *testing.T) {
	dir := t.TempDir()
	s := newService(t, 0)
	t.Setenv("K6_OUT", "csv="+filepath.Join(dir, "out.csv"))
	o := runOwn(t, `
		import http from 'k6/http';
		import { check } from 'k6';
		export default function () {
			const jar = http.cookieJar();
			if (jar.cookiesForURL(__ENV.BASE_URL).who) throw new Error('a cookie of another turn');
			jar.set(__ENV.BASE_URL, 'who', 'me');
			check(http.get(__ENV.BASE_URL + '/page'), { ok: (r) => r.status === 200 });
		}`, ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: s.URL}))
	o.over(t, 1)
	w := o.reports[0].Arms[0]
	text, err := os.ReadFile(filepath.Join(dir, "out.csv"))
	if err != nil || w.Failed != 0 || w.Sent == 0 {
		t.Fatalf("%v; %+v", err, w)
	}
	for _, metric := range []string{"http_reqs", "checks", "iterations"} {
		n := int64(0)
		for _, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, metric+",") && strings.Contains(line, "arm=off") {
				n++
			}
		}
		if n != w.Sent {
			t.Errorf("%d samples of %s with the arm, of %d turns", n, metric, w.Sent)
		}
	}
}
