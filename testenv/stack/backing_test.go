package stack

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// attacks are first bytes of connections that end a bare kfake or miniredis, or make it take memory, and what a port scan sends.
// Without the gate, this test ends with the panics that they cause.
var attacks = map[string]string{
	"redis: negative array":            "*-5\r\n",
	"redis: empty array":               "*0\r\n",
	"redis: nil array":                 "*-1\r\n",
	"redis: bulk of 2 GB":              "*1\r\n$2147483647\r\nx",
	"redis: huge array":                "*2147483647\r\n$1\r\na\r\n",
	"redis: a line that does not end":  strings.Repeat("a", 1<<20),
	"redis: a command without a token": "*1\r\n$8\r\nFLUSHALL\r\n",
	"http":                             "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	"http post":                        "POST /topics/arm.events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello",
	"tls":                              "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 100),
	"ssh":                              "SSH-2.0-OpenSSH_9.9\r\n",
	"kafka: frame of 2 GB":             "\x7f\xff\xff\xff\x00\x12\x00\x00\x00\x00\x00\x00\xff\xff",
	"kafka: frame of 4 GB":             "\xff\xff\xff\xff",
	"kafka: empty frame":               "\x00\x00\x00\x00",
	"kafka: unknown key":               "\x00\x00\x00\x0a\x7f\xff\x00\x00\x00\x00\x00\x00\xff\xff",
	"kafka: metadata of 2^31-1 topics": "\x00\x00\x00\x0e\x00\x03\x00\x00\x00\x00\x00\x00\xff\xff\x7f\xff\xff\xff",
	"nothing":                          "",
}

// TestBackingOutlivesStrangers sends each attack fourteen times to the broker and the store. Both still work then, and hardly any
// memory was taken.
func TestBackingOutlivesStrangers(t *testing.T) {
	addr := launched(t, roleNamed(t, "backing"), Config{Config: role.Config{
		Arms: []string{"arm"}, BackingToken: testBackingToken, Listen: role.DefaultListen, Token: testToken}})()
	ports := []string{addr[role.BrokerAddr("arm")], addr[role.StoreAddr("arm")]}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, text := range attacks {
		for _, port := range ports {
			for range 14 {
				conn, err := net.Dial("tcp", port)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				_, _ = io.WriteString(conn, text) // the gate may have closed it
				_ = conn.(*net.TCPConn).CloseWrite()
				_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
				if answer, _ := io.ReadAll(conn); len(answer) > 0 {
					t.Errorf("%s: answered %q", name, answer)
				}
				conn.Close()
			}
		}
	}
	runtime.ReadMemStats(&after)
	if taken := (after.TotalAlloc - before.TotalAlloc) >> 20; taken > 64 {
		t.Errorf("%d MiB were taken in all", taken)
	}
	cfg := Config{Config: role.Config{Arm: "arm", RedisAddr: ports[1], BackingToken: testBackingToken}}
	store, err := newStore(cfg, &telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.close()
	broker, err := kgo.NewClient(kgo.SeedBrokers(ports[0]), kgo.Dialer(role.Dialer(testBackingToken)))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	if err := store.ping(t.Context()); err != nil {
		t.Errorf("the store: %v", err)
	}
	if err := broker.ProduceSync(t.Context(), &kgo.Record{Topic: role.EventsTopic("arm"), Value: []byte("{}")}).FirstErr(); err != nil {
		t.Errorf("the broker: %v", err)
	}
}

// Without the token, clients that speak the protocol get no answer either.
func TestBackingAnswersOnlyItsArms(t *testing.T) {
	addr := launched(t, roleNamed(t, "backing"), Config{Config: role.Config{
		Arms: []string{"arm"}, BackingToken: testBackingToken, Listen: role.DefaultListen, Token: testToken}})()
	client := redis.NewClient(&redis.Options{Addr: addr[role.StoreAddr("arm")], MaxRetries: -1})
	defer client.Close()
	broker, err := kgo.NewClient(kgo.SeedBrokers(addr[role.BrokerAddr("arm")]), kgo.RetryTimeout(time.Second), kgo.RequestRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("the store answers")
	}
	if err := broker.Ping(t.Context()); err == nil {
		t.Error("the broker answers")
	}
}

func TestBackingNeedsItsToken(t *testing.T) {
	err := roleNamed(t, "backing").Run(t.Context(), Config{Config: role.Config{Arms: []string{"arm"}, Listen: role.DefaultListen}, Stdout: io.Discard})
	if err == nil || !strings.Contains(fmt.Sprint(err), "PERSO_BACKING_TOKEN") {
		t.Errorf("error %v", err)
	}
}

// Clients that find these requests push their own metrics now and then, which costs them a megabyte in some slot.
func TestBrokerTakesNoClientMetrics(t *testing.T) {
	addr := launched(t, roleNamed(t, "backing"), Config{Config: role.Config{
		Arms: []string{"arm"}, BackingToken: testBackingToken, Listen: role.DefaultListen, Token: testToken}})()
	asks := func(broker string, opts ...kgo.Opt) map[int16]bool {
		client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(broker))...)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		answer, err := kmsg.NewPtrApiVersionsRequest().RequestWith(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		keys := map[int16]bool{}
		for _, k := range answer.ApiKeys {
			keys[k.ApiKey] = true
		}
		return keys
	}
	plain, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	ours, all := asks(addr[role.BrokerAddr("arm")], kgo.Dialer(role.Dialer(testBackingToken))), asks(plain.ListenAddrs()[0])
	for key := range all {
		metrics := key == kmsg.GetTelemetrySubscriptions.Int16() || key == kmsg.PushTelemetry.Int16()
		if ours[key] == metrics {
			t.Errorf("%s: offered %v", kmsg.NameForKey(key), ours[key])
		}
	}
}
