package stack

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
)

// controlled is a lever that counts.
type controlled struct{ forced, healed atomic.Int64 }

func (c *controlled) endpoint() endpoint {
	return endpoint{
		name: "fault",
		force: func(params json.RawMessage) (func(), error) {
			var p struct{ Arm string }
			if err := decode(params, &p); err != nil {
				return nil, err
			}
			c.forced.Add(1)
			return func() { c.healed.Add(1) }, nil
		},
		arms: []string{"a", "b"},
	}
}

func ask(c *control, method, target, token, body, from string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = from
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func TestControlAnswers(t *testing.T) {
	var fault controlled
	c := newControl("secret", []endpoint{fault.endpoint(), {name: "ask", act: profileServiceOf(nil).audit}})
	defer c.close()
	const here, away = "127.0.0.1:5", "203.0.113.9:5"
	for _, test := range []struct {
		name, method, target, token, body, from string
		status                                  int
		says                                    string
	}{
		{"from away", "PUT", "/control/fault?lease=1s", "secret", "{}", away, http.StatusForbidden, "own network"},
		{"no token", "PUT", "/control/fault?lease=1s", "", "{}", here, http.StatusUnauthorized, "token"},
		{"wrong token", "PUT", "/control/fault?lease=1s", "secreT", "{}", here, http.StatusUnauthorized, "token"},
		{"unknown name", "PUT", "/control/folt?lease=1s", "secret", "{}", here, http.StatusNotFound, "fault, ask"},
		{"no lease", "PUT", "/control/fault", "secret", "{}", here, http.StatusBadRequest, "lease must be"},
		{"long lease", "PUT", "/control/fault?lease=1h", "secret", "{}", here, http.StatusBadRequest, "10m"},
		{"unknown parameter", "PUT", "/control/fault?lease=1s", "secret", `{"arm":"a","arn":"x"}`, here, http.StatusBadRequest, "arn"},
		{"action on a lease", "POST", "/control/fault", "secret", "{}", here, http.StatusMethodNotAllowed, "PUT and DELETE"},
		{"lease on an action", "PUT", "/control/ask?lease=1s", "secret", "{}", here, http.StatusMethodNotAllowed, "takes POST"},
		{"wrong attribute", "POST", "/control/ask", "secret", `{"attribute":"shoe"}`, here, http.StatusBadRequest, "age"},
		{"no arm", "PUT", "/control/fault?lease=1m", "secret", "{}", here, http.StatusBadRequest, "one of [a b]"},
		{"put", "PUT", "/control/fault?lease=1m", "secret", `{"arm":"a"}`, here, http.StatusOK, "{}"},
		{"heal of an unknown arm", "DELETE", "/control/fault?arm=other", "secret", "null", here, http.StatusBadRequest, "one of [a b]"},
		{"heal what is not in force", "DELETE", "/control/fault?arm=b", "secret", "null", here, http.StatusOK, "{}"},
	} {
		w := ask(c, test.method, test.target, test.token, test.body, test.from)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
			t.Errorf("%s: got %d %s, want %d and %q", test.name, w.Code, w.Body, test.status, test.says)
		}
	}
	if fault.forced.Load() != 1 || fault.healed.Load() != 0 {
		t.Errorf("forced %d and healed %d times, want 1 and 0", fault.forced.Load(), fault.healed.Load())
	}
}

func profileServiceOf(s *store) *profileService { return &profileService{store: s} }

func TestNoTokenClosesControl(t *testing.T) {
	c := newControl("", nil)
	if w := ask(c, "PUT", "/control/x", "", "", "127.0.0.1:1"); w.Code != http.StatusUnauthorized {
		t.Errorf("got %d, want %d", w.Code, http.StatusUnauthorized)
	}
}

func TestLeases(t *testing.T) {
	var fault controlled
	c := newControl("s", []endpoint{fault.endpoint()})
	do := func(method, target, body string) {
		t.Helper()
		if w := ask(c, method, target, "s", body, "127.0.0.1:1"); w.Code != http.StatusOK {
			t.Fatalf("%s %s: %s", method, target, w.Body)
		}
	}
	healed := func(n int64) func() bool { return func() bool { return fault.healed.Load() == n } }

	do("PUT", "/control/fault?lease=20ms", `{"arm":"a"}`)
	eventually.True(t, "the lease ends by itself", healed(1))

	// A renewed lease lasts longer than the first one: only the end of the last lease, or a heal, ends it.
	do("PUT", "/control/fault?lease=20ms", `{"arm":"a"}`)
	do("PUT", "/control/fault?lease=1m", `{"arm":"a"}`)
	do("PUT", "/control/fault?lease=20ms", `{"arm":"b"}`)
	eventually.True(t, "the other arm's lease ends", healed(2))
	do("DELETE", "/control/fault?arm=b", "")
	if !healed(2)() {
		t.Errorf("healed %d times, want 2: b was healed already", fault.healed.Load())
	}
	do("DELETE", "/control/fault?arm=a", "")
	do("DELETE", "/control/fault?arm=a", "")
	if !healed(3)() {
		t.Errorf("healed %d times, want 3", fault.healed.Load())
	}

	do("PUT", "/control/fault?lease=1m", `{"arm":"a"}`)
	do("PUT", "/control/fault?lease=1m", `{"arm":"b"}`)
	do("DELETE", "/control/fault", "") // all of them
	if !healed(5)() {
		t.Errorf("healed %d times, want 5", fault.healed.Load())
	}
	do("PUT", "/control/fault?lease=1m", `{"arm":"a"}`)
	c.close()
	if !healed(6)() {
		t.Errorf("healed %d times, want 6: closing heals", fault.healed.Load())
	}
}

// TestRuntime: every role answers what its runtime has counted, and counts on.
func TestRuntime(t *testing.T) {
	d := deploy(t, nil)
	var kept [][]byte
	for role := range d.urls {
		read := func() runtimeReport {
			var r runtimeReport
			d.must("POST", role, "/control/runtime", struct{}{}, &r)
			return r
		}
		before := read()
		for range 64 {
			kept = append(kept, make([]byte, 64<<10)) // large ones are counted at once; all roles are this process
		}
		runtime.GC()
		after := read()
		if after.AllocBytes-before.AllocBytes < 64*64<<10 || after.AllocObjects-before.AllocObjects < 64 {
			t.Errorf("%s: %+v, then %+v: the allocations are missing", role, before, after)
		}
		if after.GCCycles <= before.GCCycles || after.GCCPU <= before.GCCPU {
			t.Errorf("%s: %+v, then %+v: the collection is missing", role, before, after)
		}
	}
	runtime.KeepAlive(kept)
}
