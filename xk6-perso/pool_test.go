package perso

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/netext"
	"go.k6.io/k6/v2/lib/types"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// rawServer answers each request with what answer returns, byte by byte as it is, and closes the connection if that says so. n counts
// the requests of all connections.
func rawServer(t *testing.T, answer func(n int64) (text string, hangUp bool)) (base string, requests *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	requests = new(atomic.Int64)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				for in := bufio.NewReader(conn); ; {
					req, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
					text, hangUp := answer(requests.Add(1))
					if _, err := io.WriteString(conn, text); err != nil || hangUp {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String(), requests
}

// post is a request for net/http.
func post(t *testing.T, base string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// ask makes a request through a pool and waits for the answer.
func ask(ctx context.Context, p *pool, timeout time.Duration) journey.Answer {
	in := make(chan journey.Answer, 1)
	request := []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	p.Send(ctx, request, time.Now().Add(timeout), func(a journey.Answer) {
		a.Body = bytes.Clone(a.Body)
		in <- a
	})
	return <-in
}

func testPool(t *testing.T, base string) *pool {
	t.Helper()
	p := plainPool(new(http.Transport), base, "")
	if p == nil {
		t.Fatalf("no pool for %s", base)
	}
	t.Cleanup(p.hangUp)
	return p
}

// A pool takes and refuses the answers that net/http takes and refuses.
func TestPoolReadsWhatNetHTTPReads(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, text := range map[string]string{
		"length":               ok + "Content-Length: 5\r\n\r\nhello",
		"no body":              "HTTP/1.1 204 No Content\r\n\r\n",
		"chunks":               ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
		"chunks and a trailer": ok + "Trailer: A\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
		"until the end":        ok + "\r\nhello",
		"HTTP/1.0":             "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"early hints":          "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nhello",
		"many of them":         strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 7) + ok + "Content-Length: 5\r\n\r\nhello",
		"a status":             "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno",
		"a redirect":           "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
		"a long head":          ok + "A: " + strings.Repeat("a", 50_000) + "\r\nContent-Length: 5\r\n\r\nhello",
		"a large body":         ok + "Content-Length: 300000\r\n\r\n" + strings.Repeat("b", 300_000),
		"nothing":              "",
		"no HTTP":              "SSH-2.0-OpenSSH_9.6\r\n\r\n",
		"half a head":          ok + "Content-Le",
		"half a body":          ok + "Content-Length: 50\r\n\r\nhello",
		"half a chunk":         ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"a broken chunk":       ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
		"a broken length":      ok + "Content-Length: five\r\n\r\nhello",
		"a broken status":      "HTTP/1.1 2x0 OK\r\nContent-Length: 5\r\n\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			base, _ := rawServer(t, func(int64) (string, bool) { return text, true })
			status, body := 0, ""
			resp, err := new(http.Transport).RoundTrip(post(t, base))
			if err == nil {
				var read []byte
				read, err = io.ReadAll(resp.Body)
				status, body = resp.StatusCode, string(read)
				_ = resp.Body.Close()
			}
			got := ask(t.Context(), testPool(t, base), 5*time.Second)
			if (got.Err != nil) != (err != nil) || err == nil && (got.Status != status || string(got.Body) != body) {
				t.Errorf("the pool has status %d, %d bytes, %v; net/http %d, %d bytes, %v", got.Status, len(got.Body), got.Err, status, len(body), err)
			}
		})
	}
}

// A connection carries the next request, in whatever form the answer before came.
func TestPoolKeepsConnections(t *testing.T) {
	conns := new(atomic.Int64)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if conns.Load()%2 == 0 {
			_ = http.NewResponseController(w).Flush() // chunked
		}
		fmt.Fprint(w, "ok")
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	p := testPool(t, s.URL)
	for range 10 {
		if a := ask(t.Context(), p, 5*time.Second); a.Err != nil || string(a.Body) != "ok" {
			t.Fatalf("%+v", a)
		}
		eventually.True(t, "the connection is idle", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.idle) == 1 })
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for requests one after the other", n)
	}
	p.hangUp()
	eventually.True(t, "the connection is closed", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.all) == 0 })
}

// A server that closes idle connections costs no request. One that closes them instead of an answer does: the request may have had its
// effect, so it is not made again.
func TestPoolOfAServerThatCloses(t *testing.T) {
	base, n := rawServer(t, func(int64) (string, bool) { return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true }) // does not say so
	p := testPool(t, base)
	for range 20 {
		if a := ask(t.Context(), p, 5*time.Second); a.Err != nil {
			t.Fatal(a.Err)
		}
		eventually.True(t, "the pool has noticed", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.all) == 0 })
	}
	if n.Load() != 20 {
		t.Errorf("%d requests came in, want 20", n.Load())
	}
	base, n = rawServer(t, func(n int64) (string, bool) {
		if n%2 == 0 {
			return "", true
		}
		return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false
	})
	p = testPool(t, base)
	for i := range 6 {
		if a := ask(t.Context(), p, 5*time.Second); (a.Err != nil) != (i%2 == 1) {
			t.Errorf("request %d: %v", i, a.Err)
		}
		eventually.True(t, "the connection is idle or gone", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.idle) == len(p.all) })
	}
	if n.Load() != 6 {
		t.Errorf("%d requests came in, want 6", n.Load())
	}
}

// A request ends at its time and with its context, and an answer has a largest size.
func TestPoolEndsRequests(t *testing.T) {
	silent, n := rawServer(t, func(int64) (string, bool) { return "HTTP/1.1 200 OK\r\n", false })
	p := testPool(t, silent)
	if a := ask(t.Context(), p, 50*time.Millisecond); !errors.Is(a.Err, lateError{}) {
		t.Errorf("without an answer: %v", a.Err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for n.Load() < 2 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	start := time.Now()
	if a := ask(ctx, p, time.Minute); !errors.Is(a.Err, errStopped) || time.Since(start) > 30*time.Second {
		t.Errorf("given up: %v after %s", a.Err, time.Since(start))
	}
	if a := ask(ctx, p, time.Minute); !errors.Is(a.Err, errStopped) {
		t.Errorf("begun after the end: %v", a.Err)
	}
	flood, _ := rawServer(t, func(int64) (string, bool) {
		return "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", journey.MaxAnswer+1), true
	})
	if a := ask(t.Context(), testPool(t, flood), 30*time.Second); !errors.Is(a.Err, journey.ErrTooLarge) {
		t.Errorf("a flood: %v", a.Err)
	}
}

// What a pool cannot do as net/http does is left to that.
func TestPoolIsForPlainHTTP(t *testing.T) {
	proxied := &http.Transport{Proxy: func(r *http.Request) (*url.URL, error) { return r.URL, nil }}
	for name, p := range map[string]*pool{
		"TLS":           plainPool(new(http.Transport), "https://127.0.0.1", ""),
		"a proxy":       plainPool(proxied, "http://127.0.0.1", ""),
		"a password":    plainPool(new(http.Transport), "http://a:b@127.0.0.1", ""),
		"IDN":           plainPool(new(http.Transport), "http://müller.example", ""),
		"a bad token":   plainPool(new(http.Transport), "http://127.0.0.1", "a\r\nb: c"),
		"no keep-alive": plainPool(&http.Transport{DisableKeepAlives: true}, "http://127.0.0.1", ""),
		"not http":      plainPool(fails{io.EOF}, "http://127.0.0.1", ""),
	} {
		if p != nil {
			t.Errorf("there is a pool for %s", name)
		}
	}
	for base, want := range map[string]string{"http://a.example": "a.example:80", "http://[::1]/x": "[::1]:80", "http://10.0.0.1:99": "10.0.0.1:99"} {
		if p := plainPool(new(http.Transport), base, "t"); p == nil || p.addr != want {
			t.Errorf("%s: %+v, want %s", base, p, want)
		}
	}
}

// k6's options hosts and blacklistIPs hold for the requests of journeys, whichever function makes them.
func TestDialerOptionsHold(t *testing.T) {
	g := journeytest.New(t, population.New(1, 20, 20))
	port := g.Listener.Addr().(*net.TCPAddr).Port
	hosts, err := types.NewHosts(map[string]types.Host{"shop.example": {IP: net.IPv4(127, 0, 0, 1), Port: port}})
	if err != nil {
		t.Fatal(err)
	}
	_, loopback, err := net.ParseCIDR("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	for call, code := range map[string]string{
		"journey": `perso.journey({source: crowd, target: 'http://shop.example', thinkScale: 0}).failed === 0`,
		"drive":   `perso.drive({source: crowd, targets: [{arm: 'a', url: 'http://shop.example'}], rate: 200, duration: '200ms'}).arms.a.failed === 0`,
	} {
		for _, blocked := range []bool{false, true} {
			t.Run(fmt.Sprint(call, ", blocked: ", blocked), func(t *testing.T) {
				s := newScript(t, t.TempDir(), nil)
				s.js(t, `const crowd = perso.population({users: 20, items: 20})`)
				s.start()
				d := netext.NewDialer(net.Dialer{}, netext.NewResolver(net.LookupIP, 0, types.DNSfirst, types.DNSany))
				d.Hosts = hosts
				if blocked {
					d.Blacklist = []*lib.IPNet{{IPNet: *loopback}}
				}
				s.VU.StateField.Dialer, s.VU.StateField.Transport = d, &http.Transport{DialContext: d.DialContext}
				before := len(g.Requests())
				fine := s.js(t, code).ToBoolean()
				made := len(g.Requests()) - before
				if fine == blocked || (made > 0) == blocked {
					t.Errorf("fine: %v, %d requests came in", fine, made)
				}
				if _, tags := s.values("perso_req_failed"); blocked && tags["error_code"] != "1110" {
					t.Errorf("tags %v, want the error code of a blacklisted address", tags)
				}
				if atomic.LoadInt64(&d.BytesRead) == 0 != blocked {
					t.Errorf("k6 counts %d bytes read", d.BytesRead)
				}
			})
		}
	}
}

// silent is a connection from which nothing comes any more.
type silent struct{ net.Conn }

// Read implements net.Conn.
func (silent) Read([]byte) (int, error) { return 0, io.EOF }

// FuzzAnswer: whatever a server sends, a request has one answer or one error.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nx", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/9.9 999 \r\n:\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		c := &connection{Conn: silent{}, reader: bufio.NewReaderSize(bytes.NewReader(sent), readBuffer)}
		if err := c.parse(); err == nil && (c.answer.StatusCode() < 0 || len(c.answer.Body()) > len(sent)) {
			t.Errorf("status %d, %d bytes of %d", c.answer.StatusCode(), len(c.answer.Body()), len(sent))
		}
	})
}
