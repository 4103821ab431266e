package links

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// shop is a service behind a link; it says what it has got.
func shop(t *testing.T) (*Link, *http.Client) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Shop", "open")
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
		}
		fmt.Fprintf(w, "%s %s host=%s trace=%q cache=%q from=%q body=%s", r.Method, r.URL.RequestURI(), r.Host,
			r.Header.Get("traceparent"), r.Header.Get("Cache-Control"), r.Header.Get("X-Forwarded-For"), body)
	}))
	t.Cleanup(server.Close)
	return open(t, role.Link{Service: "shop", Listen: role.DefaultListen, Target: server.URL}, ""), server.Client()
}

func open(t *testing.T, config role.Link, token string) *Link {
	t.Helper()
	link, err := Open(config, token, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := link.Close(); err != nil {
			t.Error(err)
		}
	})
	return link
}

// pull pulls a lever of a link, and returns its heal.
func pull(t *testing.T, link *Link, name, params string) func() {
	t.Helper()
	heal, err := find(t, link, name).Force(json.RawMessage(params))
	if err != nil {
		t.Fatal(err)
	}
	return heal
}

func find(t *testing.T, link *Link, name string) Lever {
	t.Helper()
	for _, l := range link.Levers() {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("the link to %s has no %s", link.Service, name)
	return Lever{}
}

// asked is the answer of a lever of a link.
func asked(t *testing.T, link *Link, name string) map[string]any {
	t.Helper()
	answer, err := find(t, link, name).Ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// send sends a request through a link; status 0: there was no whole answer.
func send(t *testing.T, client *http.Client, link *Link, method, path, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+link.Addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("traceparent", "00-1-2-01")
	answer, err := client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(got)
}

// TestALinkChangesNothing: method, path, query, host, trace context, body and status pass, and connections are kept.
func TestALinkChangesNothing(t *testing.T) {
	link, client := shop(t)
	want := fmt.Sprintf(`POST /v1/x?a=1&b=%%2F host=%s trace="00-1-2-01" cache="" from="" body={"a":1}`, link.target.Host)
	for range 3 {
		if status, text := send(t, client, link, "POST", "/v1/x?a=1&b=%2F", `{"a":1}`); status != 200 || text != want {
			t.Fatalf("got %d %s\nwant %s", status, text, want)
		}
	}
	if status, _ := send(t, client, link, "GET", "/gone", ""); status != http.StatusGone {
		t.Errorf("status %d", status)
	}
}

// TestHeaders: the levers of headers do what they say until they are healed.
func TestHeaders(t *testing.T) {
	link, client := shop(t)
	strip := pull(t, link, lever.StripHeader, `{"headers":["Traceparent","baggage"]}`)
	set := pull(t, link, lever.SetHeader, `{"path":"/v1/x","header":"Cache-Control","value":"no-cache"}`)
	if _, text := send(t, client, link, "GET", "/v1/x", ""); !strings.Contains(text, `trace="" cache="no-cache"`) {
		t.Errorf("got %s", text)
	}
	if _, text := send(t, client, link, "GET", "/v1/y", ""); !strings.Contains(text, `trace="" cache=""`) {
		t.Errorf("another path: got %s", text)
	}
	if got := asked(t, link, lever.SetHeader); got["in_force"] != true || got["taken"] != 1.0 {
		t.Errorf("set-header answers %v", got)
	}
	for range 2 {
		strip()
		set()
	}
	if _, text := send(t, client, link, "GET", "/v1/x", ""); !strings.Contains(text, `trace="00-1-2-01" cache=""`) {
		t.Errorf("healed: got %s", text)
	}
	if got := asked(t, link, lever.SetHeader); got["in_force"] != false {
		t.Errorf("healed: set-header answers %v", got)
	}
}

// TestAShareOfRequests: about the share of the requests breaks off, none after the heal, and a renewed lease goes on counting.
func TestAShareOfRequests(t *testing.T) {
	link, client := shop(t)
	broken := func() (n int) {
		for range 200 {
			if status, _ := send(t, client, link, "GET", "/v1/x", ""); status == 0 {
				n++
			}
		}
		return n
	}
	pull(t, link, lever.ResetRequests, `{"path":"/v1/x","share":0.3}`)
	if n := broken(); n < 40 || n > 80 {
		t.Errorf("%d of 200 answers broke off, want 30 %%", n)
	}
	heal := pull(t, link, lever.ResetRequests, `{"path":"/v1/x","share":0.3}`)
	if got := asked(t, link, lever.ResetRequests); got["seen"] != 200.0 {
		t.Errorf("after the renewal: %v", got)
	}
	heal()
	if n := broken(); n > 0 {
		t.Errorf("healed: %d answers broke off", n)
	}
}

// TestRequestsByTheirBody: only requests with these fields fail, and of them always the same sessions; bodies arrive whole.
func TestRequestsByTheirBody(t *testing.T) {
	link, client := shop(t)
	defer pull(t, link, lever.FailRequests, `{"path":"/v1/x","match":{"channel":"store"},"share":0.2,"by":"session","status":503}`)()
	failed := 0
	for i := range 100 {
		body := fmt.Sprintf(`{"channel":"store","session":"s%d"}`, i)
		first, text := send(t, client, link, "POST", "/v1/x", body)
		if first == 503 {
			failed++
		} else if !strings.HasSuffix(text, body) {
			t.Fatalf("got %d %s", first, text)
		}
		if second, _ := send(t, client, link, "POST", "/v1/x", body); second != first {
			t.Errorf("session %d: first %d, then %d", i, first, second)
		}
		if other, _ := send(t, client, link, "POST", "/v1/x", strings.Replace(body, "store", "web", 1)); other != 200 {
			t.Errorf("another channel: %d", other)
		}
	}
	if failed < 8 || failed > 35 {
		t.Errorf("%d of 100 sessions failed, want 20 %%", failed)
	}
	if status, _ := send(t, client, link, "POST", "/v1/x", "no JSON"); status != 200 {
		t.Errorf("a body that is no JSON: %d", status)
	}
}

// TestLate: a delay of requests and one of the wire add what they say, in HTTP and in TCP, and nothing after the heal.
func TestLate(t *testing.T) {
	link, client := shop(t)
	store, _ := echo(t, "secret-of-the-store")
	for _, l := range []*Link{link, store} {
		heal := pull(t, l, lever.Latency, `{"latency":60}`)
		if got := asked(t, l, lever.Latency); got["latency_ms"] != 60.0 {
			t.Errorf("%s: latency answers %v", l.Service, got)
		}
		// What a busy machine adds is in one measurement and not in the next; what a link adds is in all of them.
		trip := func(want string, is func(added, direct float64) bool) {
			t.Helper()
			eventually.Nil(t, func() error {
				got := asked(t, l, lever.RoundTrip)
				if !is(got["added_ms"].(float64), got["direct_ms"].(float64)) {
					return fmt.Errorf("%s: %s: %v", l.Service, want, got)
				}
				return nil
			})
		}
		trip("slow", func(added, direct float64) bool { return added >= 50 && direct <= 50 })
		heal()
		heal()
		trip("healed", func(added, _ float64) bool { return added <= 30 })
		if got := asked(t, l, lever.Latency); got["latency_ms"] != 0.0 {
			t.Errorf("%s: healed: latency answers %v", l.Service, got)
		}
	}
	heal := pull(t, link, lever.DelayRequests, `{"path":"/v1/x","share":1,"delay":60}`)
	took := func() time.Duration {
		began := time.Now()
		send(t, client, link, "GET", "/v1/x", "")
		return time.Since(began)
	}
	if d := took(); d < 60*time.Millisecond {
		t.Errorf("a request took %v", d)
	}
	heal()
	eventually.True(t, "healed: a request is not held for 60 ms", func() bool { return took() < 60*time.Millisecond })
}

// echo is a store behind a link: it wants the token, and answers every PING.
func echo(t *testing.T, token string) (*Link, func() error) {
	t.Helper()
	plain, err := net.Listen("tcp", role.DefaultListen)
	if err != nil {
		t.Fatal(err)
	}
	listener := role.Gate(plain, token)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewReader(conn); ; {
					line, err := lines.ReadString('\n')
					if err != nil {
						return
					}
					if line == "PING\r\n" {
						_, _ = io.WriteString(conn, "+PONG\r\n")
					}
				}
			}()
		}
	}()
	link := open(t, role.Link{Service: role.Store, Listen: role.DefaultListen, Target: "tcp://" + listener.Addr().String()}, token)
	return link, func() error {
		ping, hangUp, err := link.caller(t.Context(), link.Addr)
		if err != nil {
			return err
		}
		defer hangUp()
		return ping()
	}
}

// TestBroken: a link that is reset or cut answers nobody, and answers again after the heal.
func TestBroken(t *testing.T) {
	link, client := shop(t)
	store, ping := echo(t, "secret-of-the-store")
	for _, name := range []string{lever.Reset, lever.Cut} {
		heal := pull(t, link, name, `{}`)
		client.Timeout = 300 * time.Millisecond // what is cut would never answer
		if status, text := send(t, client, link, "POST", "/v1/x", "{}"); status != 0 {
			t.Errorf("%s: %d %s", name, status, text)
		}
		heal()
		client.Timeout = 0
		if status, text := send(t, client, link, "POST", "/v1/x", "{}"); status != 200 {
			t.Errorf("%s: healed: %d %s", name, status, text)
		}
	}
	if err := ping(); err != nil {
		t.Fatal(err)
	}
	heal := pull(t, store, lever.Reset, `{"share":1}`)
	if ping() == nil {
		t.Error("a store that is reset answers")
	}
	heal()
	if err := ping(); err != nil {
		t.Errorf("healed: %v", err)
	}
}

// TestParameters: what is wrong is refused, and changes nothing.
func TestParameters(t *testing.T) {
	link, client := shop(t)
	for _, c := range []struct{ lever, params, want string }{
		{lever.Latency, `{"latency":0}`, "from 1 to 60000 ms"},
		{lever.Latency, `{"latency":5,"jitter":6}`, "jitter"},
		{lever.Latency, `{"latenzy":5}`, "latenzy"},
		{lever.Cut, `{"x":1}`, "x"},
		{lever.Reset, `{"share":1.5}`, "share must be in (0, 1], got 1.5"},
		{lever.Cut, `{"share":0}`, "share must be in (0, 1], got 0"},
		{lever.StripHeader, `{}`, "headers"},
		{lever.SetHeader, `{"header":"a"}`, "value"},
		{lever.DelayRequests, `{"share":0.5}`, "delay must be"},
		{lever.ResetRequests, `{"share":1.5}`, "from 0 to 1"},
		{lever.FailRequests, `{"status":200}`, "from 400 to 599"},
	} {
		if _, err := find(t, link, c.lever).Force(json.RawMessage(c.params)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %s", c.lever, c.params, err, c.want)
		}
	}
	if status, text := send(t, client, link, "GET", "/v1/x", ""); status != 200 || !strings.Contains(text, "00-1-2-01") {
		t.Errorf("got %d %s", status, text)
	}
}

// BenchmarkLink is what a link adds to a call: compare through and direct.
func BenchmarkLink(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":true}`) }))
	defer server.Close()
	link, err := Open(role.Link{Service: "shop", Listen: role.DefaultListen, Target: server.URL}, "", 1)
	if err != nil {
		b.Fatal(err)
	}
	defer link.Close()
	for name, addr := range map[string]string{"direct": link.target.Host, "through": link.Addr, "wire": link.wire.addr()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := health(b.Context(), server.Client().Transport.(*http.Transport), addr); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
