package api

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serve serves a handler and returns the address.
func serve(t *testing.T, server *http.Server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return listener.Addr().String()
}

// TestServerEndsWhoHoldsItUp: a client that sends no more, at whatever point of a request, loses its connection.
func TestServerEndsWhoHoldsItUp(t *testing.T) {
	const short, long = 50 * time.Millisecond, time.Minute
	whole := "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
	for _, c := range []struct {
		name, sent string
		limits     limits
		answers    int // before the end
	}{
		{"nothing is sent", "", limits{short, long, long}, 0},
		{"a header that never ends", "POST / HTTP/1.1\r\nHost: localhost\r\nX-A: b", limits{short, long, long}, 0},
		{"a body that never ends", strings.TrimSuffix(whole, "}"), limits{long, short, long}, 1}, // 400, by the handler
		{"chunks that never end", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", limits{long, short, long}, 1},
		{"an idle connection", whole, limits{long, long, short}, 1},
		{"a second header that never ends", whole + "POST / HTTP/1.1\r\nX-A: b", limits{short, long, long}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			handler := func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
				}
			}
			conn, err := net.Dial("tcp", serve(t, c.limits.server(http.HandlerFunc(handler), 100)))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.sent); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(long / 2))
			answer, err := io.ReadAll(conn)
			var slow net.Error
			if errors.As(err, &slow) && slow.Timeout() {
				t.Fatalf("the connection stays open after %q", answer)
			}
			if got := strings.Count(string(answer), "HTTP/1.1 "); got != c.answers {
				t.Errorf("%d answers, want %d: %q", got, c.answers, answer)
			}
		})
	}
}

// A request that waits for its answer longer than its body may take is not ended.
func TestServerLetsRequestsWait(t *testing.T) {
	ended := make(chan error, 1)
	handler := func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
			ended <- r.Context().Err()
		case <-time.After(300 * time.Millisecond): // several times the limits
			ended <- nil
		}
	}
	limit := 50 * time.Millisecond
	resp, err := http.Post("http://"+serve(t, limits{limit, limit, limit}.server(http.HandlerFunc(handler), 100)), "", strings.NewReader("{}"))
	if err := errors.Join(err, <-ended); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestServerBoundsWhatItReads(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		}
	}
	server := Server(http.HandlerFunc(handler), 100)
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.IdleTimeout <= 0 || server.MaxHeaderBytes <= 0 {
		t.Errorf("without limits: %+v", server)
	}
	address := serve(t, server)
	for _, c := range []struct {
		header, body int
		status       int
	}{
		{0, 100, http.StatusOK},
		{0, 101, http.StatusRequestEntityTooLarge},
		{maxHeader / 2, 0, http.StatusOK},
		{2 * maxHeader, 0, http.StatusRequestHeaderFieldsTooLarge},
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nX-A: %s\r\nContent-Length: %d\r\n\r\n%s",
				strings.Repeat("a", c.header), c.body, strings.Repeat("b", c.body))
		}()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != c.status {
			t.Errorf("%d bytes of header, %d of body: %s, want %d", c.header, c.body, resp.Status, c.status)
		}
		conn.Close()
	}
}

func TestLocal(t *testing.T) {
	handler := Local(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for host, want := range map[string]int{
		"localhost": 200, "localhost:80": 200, "127.0.0.1:80": 200, "127.8.9.1": 200, "[::1]:80": 200, "::1": 200, "[::ffff:127.0.0.1]:1": 200,
		"": 421, "evil.example": 421, "127.0.0.1.evil.example:80": 421, "localhost.evil.example": 421, "10.0.0.1:80": 421, "0.0.0.0:80": 421,
		"2130706433": 421, "127.1": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
	}
}
