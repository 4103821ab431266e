package stack

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// lag is the ingest group's lag on the events topic, in records.
func (d *deployed) lag(admin *kadm.Client) int64 {
	d.t.Helper()
	lags, err := admin.Lag(d.t.Context(), role.IngestGroup("arm"))
	if err != nil {
		d.t.Fatal(err)
	}
	sum := int64(0)
	for _, l := range lags[role.IngestGroup("arm")].Lag[role.EventsTopic("arm")] {
		sum += max(l.Lag, 0)
	}
	return sum
}

func (d *deployed) sendEvents(n int) {
	d.t.Helper()
	for i := range n {
		e := event{Type: "click", Session: fmt.Sprintf("s%d", i), User: "u1", Channel: "web", Item: "i1", Variant: "a"}
		if status, _ := d.call("POST", "gateway", "/v1/events", e, nil); status != http.StatusAccepted {
			d.t.Fatalf("event %d: status %d", i, status)
		}
	}
}

func TestThrottledFetchesMakeLag(t *testing.T) {
	d := deploy(t, nil)
	client, err := kgo.NewClient(kgo.SeedBrokers(d.addr[role.BrokerAddr("arm")]), kgo.Dialer(role.Dialer(testBackingToken)))
	if err != nil {
		t.Fatal(err)
	}
	admin := kadm.NewClient(client)
	defer admin.Close()

	d.sendEvents(50)
	eventually.True(t, "events are consumed", func() bool { return d.profile("u1").Clicks[1] == 50 && d.lag(admin) == 0 })

	throttle := func(lease, interval string) {
		d.must("PUT", "backing", "/control/throttle-fetch?lease="+lease,
			map[string]any{"arm": "arm", "interval": interval, "max_bytes": 2048}, nil)
	}
	throttle("1m", "1m")
	d.sendEvents(300)
	// One answer of two kilobytes in a minute: nearly everything stays in the broker during the test.
	eventually.True(t, "lag grows", func() bool { return d.lag(admin) >= 200 })
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
		if lag := d.lag(admin); lag < 200 {
			t.Fatalf("lag fell to %d under the throttle", lag)
		}
	}
	d.must("DELETE", "backing", "/control/throttle-fetch?arm=arm", nil, nil)
	d.must("DELETE", "backing", "/control/throttle-fetch", nil, nil)
	eventually.True(t, "the release restores", func() bool { return d.lag(admin) == 0 })

	throttle("500ms", "100ms")
	d.sendEvents(100)
	eventually.True(t, "the end of the lease restores", func() bool { return d.profile("u1").Clicks[1] == 450 && d.lag(admin) == 0 })

	throttle("1m", "1m") // the stack has to end in good order under a throttle, too
	d.sendEvents(10)
}

func TestThrottleParameters(t *testing.T) {
	d := &deployed{t: t, urls: map[string]string{}}
	d.addr = launched(t, roleNamed(t, "backing"), Config{Config: role.Config{
		Arms: []string{"arm"}, BackingToken: testBackingToken, Listen: role.DefaultListen, Token: testToken}})()
	d.urls["backing"] = "http://" + d.addr["http"]
	for _, params := range []map[string]any{
		{"arm": "other", "interval": "500ms", "max_bytes": 1},
		{"arm": "arm", "interval": "1h", "max_bytes": 1},
		{"arm": "arm", "interval": "500ms", "max_bytes": 0},
		{"arm": "arm", "interval": "500ms", "bytes": 1},
	} {
		if status, _ := d.call("PUT", "backing", "/control/throttle-fetch?lease=1s", params, nil); status != http.StatusBadRequest {
			t.Errorf("%v: got %d, want 400", params, status)
		}
	}
	if status, _ := d.call("DELETE", "backing", "/control/throttle-fetch?arm=other", nil, nil); status != http.StatusBadRequest {
		t.Errorf("heal of an unknown arm: got %d, want 400", status)
	}
}

func TestQuotaAnswers(t *testing.T) {
	q := &quota{}
	q.limits.Store(&quotaLimits{interval: time.Second, maxBytes: 100})
	now := time.Now()
	request := func() *kmsg.FetchRequest {
		r := kmsg.NewPtrFetchRequest()
		topic, partition := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
		r.MaxBytes, partition.PartitionMaxBytes = 1<<20, 1<<20
		topic.Partitions = append(topic.Partitions, partition)
		r.Topics = append(r.Topics, topic)
		return r
	}
	first := request()
	if q.answer(first, now) != nil || first.MaxBytes != 100 || first.Topics[0].Partitions[0].PartitionMaxBytes != 100 {
		t.Errorf("the first fetch of an interval must pass with lower limits, got %+v", first)
	}
	second, ok := q.answer(request(), now.Add(400*time.Millisecond)).(*kmsg.FetchResponse)
	if !ok || len(second.Topics) != 0 || second.ThrottleMillis != 201 {
		t.Errorf("the second must be told to stay silent for a while, got %+v", second)
	}
	third, ok := q.answer(request(), now.Add(900*time.Millisecond)).(*kmsg.FetchResponse)
	if !ok || third.ThrottleMillis != 101 {
		t.Errorf("no longer than the interval lasts, got %+v", third)
	}
	if q.answer(request(), now.Add(1001*time.Millisecond)) != nil {
		t.Error("the next interval's first fetch must pass")
	}
}

func TestUnreachableDependency(t *testing.T) {
	cfg := Config{
		Config: role.Config{Arm: "arm", Listen: role.DefaultListen, RedisAddr: "127.0.0.1:1", Users: 1, Items: 1},
		Level:  Level{Off: true}, readyLimit: 50 * time.Millisecond,
	}
	err := roleNamed(t, "profile").Run(context.Background(), cfg)
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("got %v, want an error that names the store's address", err)
	}
}
