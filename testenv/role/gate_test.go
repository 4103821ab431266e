package role

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

const gateToken = "0123456789ABCDEF"

// openGate opens a listener behind a gate.
func openGate(t testing.TB) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", DefaultListen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return Gate(listener, gateToken)
}

func TestGatePassesWhatDialerSends(t *testing.T) {
	gate := openGate(t)
	client, err := Dialer(gateToken)(t.Context(), "tcp", gate.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := gate.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		_, _ = io.WriteString(client, "question")
		_ = client.Close()
	}()
	if got, err := io.ReadAll(server); err != nil || string(got) != "question" {
		t.Errorf("read %q, %v", got, err)
	}
}

// More connections than may wait are closed at once. Those that have shown the token, and those that have ended, do not wait.
func TestGateBoundsWhoWaits(t *testing.T) {
	gate := openGate(t)
	address := gate.Addr().String()
	accepted := make(chan net.Conn, 10*gateMost)
	go func() {
		for {
			conn, err := gate.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	dial := func(token string) (client, server net.Conn) {
		t.Helper()
		client, err := Dialer(token)(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		return client, <-accepted
	}
	for range 2 * gateMost {
		client, server := dial(gateToken)
		_, _ = io.WriteString(client, "x")
		if _, err := server.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * gateMost {
		client, server := dial("*-5\r\n")
		_ = client.Close()
		if _, err := server.Read(make([]byte, 1)); err == nil {
			t.Fatal("what is too short for the token was read")
		}
	}
	for range gateMost {
		dial("")
	}
	over, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer over.Close()
	_ = over.SetReadDeadline(time.Now().Add(10 * gateLimit))
	if _, err := over.Read(make([]byte, 1)); err == nil || errors.Is(err, net.ErrClosed) {
		t.Errorf("one more than may wait: %v, want it closed by the gate", err)
	}
}

// brokenListener fails as a process without a free file does, and is then closed.
type brokenListener struct {
	net.Listener
	errs []error
}

func (l *brokenListener) Accept() (net.Conn, error) {
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func TestGateGoesOnAfterAConnectionThatFails(t *testing.T) {
	broken := &brokenListener{errs: []error{errors.New("too many open files"), errors.New("aborted"), net.ErrClosed}}
	if _, err := Gate(broken, gateToken).Accept(); !errors.Is(err, net.ErrClosed) || len(broken.errs) > 0 {
		t.Errorf("ended with %v and %d errors left", err, len(broken.errs))
	}
}

// undated is a pipe whose deadline can be set after the other end has closed it, as that of a socket can.
type undated struct{ net.Conn }

func (undated) SetReadDeadline(time.Time) error { return nil }

// FuzzGate: a server reads what follows the token, and nothing of a connection that does not begin with it.
func FuzzGate(f *testing.F) {
	for _, seed := range []string{
		"", gateToken, gateToken + "*1\r\n$4\r\nPING\r\n", gateToken[:15], gateToken[:15] + "X*-5\r\n",
		"*-5\r\n", "*0\r\n", "*2147483647\r\n", "*1\r\n$536870912\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n$4\r\nPING\r\n", // Redis
		"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00", // HTTP, TLS
		"\x7f\xff\xff\xff\x00\x12\x00\x00", "\x00\x00\x00\x08\x7f\xff\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff", // Kafka
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		client, server := net.Pipe()
		go func() {
			_, _ = client.Write(sent)
			_ = client.Close()
		}()
		g := &gate{token: []byte(gateToken)}
		g.waiting.Add(1)
		got, err := io.ReadAll(&gated{Conn: undated{server}, gate: g})
		_ = server.Close()
		want, admitted := bytes.CutPrefix(sent, []byte(gateToken))
		if !admitted {
			want = nil
		}
		if !bytes.Equal(got, want) || admitted != (err == nil) && len(sent) > 0 || g.waiting.Load() != 0 {
			t.Errorf("sent %q: read %q, %v; %d wait", sent, got, err, g.waiting.Load())
		}
	})
}

// BenchmarkGate is what the gate costs a connection that has shown the token: 64 bytes through it, and through the bare connection.
func BenchmarkGate(b *testing.B) {
	for _, gated := range []bool{false, true} {
		b.Run(map[bool]string{false: "bare", true: "gated"}[gated], func(b *testing.B) {
			listener := openGate(b).(*gate)
			dial, accept := Dialer(""), listener.Listener.Accept
			if gated {
				dial, accept = Dialer(gateToken), listener.Accept
			}
			client, err := dial(b.Context(), "tcp", listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer client.Close()
			server, err := accept()
			if err != nil {
				b.Fatal(err)
			}
			defer server.Close()
			message := make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Write(message); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(server, message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
