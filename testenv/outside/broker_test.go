package outside

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/lease"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// viewed is an arm of which there is only the view.
type viewed struct {
	view   *View
	leases lease.Table
}

func (*viewed) Name() string               { return "arm" }
func (*viewed) Reach(string, string) error { return nil }

// brokered returns an arm with a broker, a client of it, and the handles of its levers.
func brokered(t *testing.T) (*viewed, *kgo.Client, lever.Handles[*viewed]) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(role.Partitions, role.EventsTopic("arm"), role.ProfilesTopic("arm")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	seeds := kgo.SeedBrokers(cluster.ListenAddrs()...)
	arm := &viewed{view: NewView("arm", seeds)}
	t.Cleanup(arm.view.Close)
	client, err := kgo.NewClient(seeds)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return arm, client, Levers(func(a *viewed) (*View, *lease.Table) { return a.view, &a.leases })
}

func produce(t *testing.T, client *kgo.Client, key, value string) {
	t.Helper()
	r := &kgo.Record{Topic: role.EventsTopic("arm"), Key: []byte(key), Value: []byte(value)}
	if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// TestRecentEvents: what came in, how old each channel says it is, and what came in twice.
func TestRecentEvents(t *testing.T) {
	arm, client, levers := brokered(t)
	ask := func() (r Recent) {
		t.Helper()
		if err := levers.Ask(t.Context(), arm, role.Backing, lever.AskEvents, map[string]float64{"seconds": 60}, &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := ask(); r.Records != 0 {
		t.Errorf("an empty topic: %+v", r)
	}
	now := time.Now().UnixMilli()
	event := func(kind, channel, request string, at int64) string {
		return fmt.Sprintf(`{"type":%q,"channel":%q,"request_id":%q,"item":"i1","time_ms":%d}`, kind, channel, request, at)
	}
	produce(t, client, "s1", event("click", "app", "r1", now-900_000))
	produce(t, client, "s1", event("click", "app", "r1", now-900_000))
	produce(t, client, "s2", event("click", "web", "r2", now))
	produce(t, client, "s2", event("impression", "web", "r2", now))
	produce(t, client, "s3", "no event")
	r := ask()
	if r.Records != 5 || r.Clicks != 3 || r.Duplicates != 1 || r.Age["app"] < 899 || r.Age["app"] > 960 || r.Age["web"] > 60 || r.Flooded != 0 {
		t.Errorf("%+v", r)
	}
}

// TestFloodEnds: with its release, and with its lease.
func TestFloodEnds(t *testing.T) {
	arm, _, levers := brokered(t)
	pull := func(d time.Duration) {
		t.Helper()
		if err := levers.Pull(t.Context(), arm, role.Backing, lever.FloodKey, map[string]float64{"rate": 400}, d); err != nil {
			t.Fatal(err)
		}
	}
	count := func() int {
		r, err := arm.view.recent(t.Context(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if r.Flooded != r.Records || len(r.Partitions) > 1 {
			t.Errorf("not all in one partition: %+v", r)
		}
		return r.Flooded
	}
	still := func() bool {
		before := count()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		<-ctx.Done() // several ticks of a flood
		return count() == before
	}
	pull(time.Minute)
	pull(time.Minute)
	eventually.True(t, "events of one key come in", func() bool { return count() > 20 })
	for range 2 {
		if err := levers.Release(t.Context(), arm, role.Backing, lever.FloodKey); err != nil {
			t.Fatal(err)
		}
	}
	eventually.True(t, "the release ends it", still)
	before := count()
	pull(time.Second)
	eventually.True(t, "it was there, and the end of the lease ends it", func() bool { return count() > before && still() })
	if err := levers.Pull(t.Context(), arm, role.Backing, lever.FloodKey, map[string]float64{"rate": -1}, time.Minute); err == nil {
		t.Error("a negative rate is taken")
	}
}

// TestPoisonIsDeleted: with its release, and with its lease; a consumer that it held up goes on behind it.
func TestPoisonIsDeleted(t *testing.T) {
	arm, client, levers := brokered(t)
	where := func() (s Stuck) {
		t.Helper()
		if err := levers.Ask(t.Context(), arm, role.Backing, lever.PoisonRecord, nil, &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if where().Sent {
		t.Error("there is no such record yet")
	}
	group, err := kgo.NewClient(kgo.SeedBrokers(client.OptValue(kgo.SeedBrokers).([]string)...), kgo.ConsumerGroup(role.IngestGroup("arm")),
		kgo.ConsumeTopics(role.EventsTopic("arm")), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	if err != nil {
		t.Fatal(err)
	}
	defer group.CloseAllowingRebalance()
	produce(t, client, "s1", "{}")
	if err := group.CommitRecords(t.Context(), group.PollFetches(t.Context()).Records()...); err != nil {
		t.Fatal(err)
	}
	start := func(at Stuck) int64 {
		starts, err := arm.view.kafka.admin.ListStartOffsets(t.Context(), role.EventsTopic("arm"))
		if err != nil {
			t.Fatal(err)
		}
		o, _ := starts.Lookup(role.EventsTopic("arm"), at.Partition)
		return o.Offset
	}
	for _, topic := range []string{"", "orders"} {
		if err := levers.Pull(t.Context(), arm, role.Backing, lever.PoisonRecord, map[string]string{"topic": topic}, time.Minute); err == nil {
			t.Errorf("topic %q is taken", topic)
		}
	}
	for _, d := range []time.Duration{time.Minute, 50 * time.Millisecond} {
		if err := levers.Pull(t.Context(), arm, role.Backing, lever.PoisonRecord, map[string]string{"topic": "events"}, d); err != nil {
			t.Fatal(err)
		}
		at := where()
		if !at.Sent {
			t.Errorf("%+v", at)
		}
		for n := range 2 * int(d/time.Minute) {
			if err := levers.Release(t.Context(), arm, role.Backing, lever.PoisonRecord); err != nil {
				t.Fatal(n, err)
			}
		}
		eventually.True(t, "the record is deleted", func() bool { return start(at) == at.Offset+1 })
	}
}

// TestGroupAndBroker: the broker says who is in the group; one that is not there does not answer.
func TestGroupAndBroker(t *testing.T) {
	arm, _, levers := brokered(t)
	var broker struct{ Answers bool }
	var group Group
	if err := levers.Ask(t.Context(), arm, role.Backing, lever.AskBroker, nil, &broker); err != nil || !broker.Answers {
		t.Errorf("%+v, %v", broker, err)
	}
	if err := levers.Ask(t.Context(), arm, role.Backing, lever.AskGroup, nil, &group); err != nil || group.Members != 0 {
		t.Errorf("%+v, %v", group, err)
	}
	gone := &viewed{view: NewView("arm", kgo.SeedBrokers("127.0.0.1:1"))}
	defer gone.view.Close()
	if err := levers.Ask(t.Context(), gone, role.Backing, lever.AskBroker, nil, &broker); err != nil || broker.Answers {
		t.Errorf("%+v, %v", broker, err)
	}
}
