package stack

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// broker returns clients of the arm's broker.
func (d *deployed) broker() (*kgo.Client, *kadm.Client) {
	d.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(d.addr[role.BrokerAddr("arm")]), kgo.Dialer(role.Dialer(testBackingToken)))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(client.Close)
	return client, kadm.NewClient(client)
}

// TestUndecodableRecordStopsItsPartition: the other partitions go on, and nothing is lost but the record, once that is deleted.
func TestUndecodableRecordStopsItsPartition(t *testing.T) {
	o := observe(t, nil)
	client, admin := o.broker()
	o.sendEvents(60)
	eventually.True(t, "events are consumed", func() bool { return o.deployed.profile("u1").Clicks[1] == 60 })
	poison, err := client.ProduceSync(t.Context(), &kgo.Record{Topic: role.EventsTopic("arm"), Key: []byte("s0"), Value: []byte(`{"type":"cl`)}).First()
	if err != nil {
		t.Fatal(err)
	}
	// Well-formed, and no event: rejected, and passed over.
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: role.EventsTopic("arm"), Key: []byte("s1"), Value: []byte(`{"type":5}`)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	o.sendEvents(60)
	stuck := func() kadm.GroupMemberLag {
		lags, err := admin.Lag(t.Context(), role.IngestGroup("arm"))
		if err != nil {
			t.Fatal(err)
		}
		at, _ := lags[role.IngestGroup("arm")].Lag.Lookup(poison.Topic, poison.Partition)
		return at
	}
	var tries []sdklog.Record
	eventually.True(t, "the record is tried again", func() bool {
		tries = o.logs.with("perso.reason", "undecodable")
		return len(tries) >= 4
	})
	for _, r := range tries {
		if recordAttr(r, "messaging.kafka.offset") != fmt.Sprint(poison.Offset) || recordAttr(r, "messaging.destination.partition.id") != fmt.Sprint(poison.Partition) {
			t.Errorf("another record: %v", r)
		}
	}
	waiting := int64(0)
	eventually.True(t, "only its partition waits", func() bool {
		at := stuck()
		waiting = at.Lag - 1
		return waiting > 0 && o.deployed.lag(admin) == at.Lag && at.Commit.At == poison.Offset &&
			o.deployed.profile("u1").Clicks[1] == float64(120-waiting)
	})
	upTo := kadm.Offsets{}
	upTo.Add(kadm.Offset{Topic: poison.Topic, Partition: poison.Partition, At: poison.Offset + 1, LeaderEpoch: -1})
	if deleted, err := admin.DeleteRecords(t.Context(), upTo); err != nil || deleted.Error() != nil {
		t.Fatal(err, deleted.Error())
	}
	eventually.True(t, "what waited is there, once", func() bool {
		return o.deployed.lag(admin) == 0 && o.deployed.profile("u1").Clicks[1] == 120
	})
}

// TestStoppedConsumerLeavesItsGroup: and comes back, by a release and by the end of the lease, to what it has missed.
func TestStoppedConsumerLeavesItsGroup(t *testing.T) {
	o := observe(t, nil)
	_, admin := o.broker()
	members := func() int {
		all, err := admin.DescribeGroups(t.Context(), role.IngestGroup("arm"))
		if err != nil || all.Error() != nil {
			t.Fatal(err, all.Error())
		}
		return len(all[role.IngestGroup("arm")].Members)
	}
	o.sendEvents(10)
	eventually.True(t, "events are consumed", func() bool { return o.deployed.profile("u1").Clicks[1] == 10 })
	for round, end := range []func(){
		func() { o.must("DELETE", "ingest", "/control/stop-consumer", nil, nil) },
		func() { o.must("PUT", "ingest", "/control/stop-consumer?lease=20ms", struct{}{}, nil) },
	} {
		o.must("PUT", "ingest", "/control/stop-consumer?lease=1m", struct{}{}, nil)
		eventually.True(t, "nobody is left", func() bool { return members() == 0 })
		o.sendEvents(10)
		eventually.True(t, "events wait", func() bool { return o.deployed.lag(admin) == 10 })
		if status, _ := o.call("GET", "ingest", role.HealthPath, nil, nil); status != http.StatusOK {
			t.Errorf("health: %d", status)
		}
		end()
		eventually.True(t, "it reads what it missed, once", func() bool {
			return members() == 1 && o.deployed.lag(admin) == 0 && o.deployed.profile("u1").Clicks[1] == float64(20+10*round)
		})
	}
	if len(o.logs.with("perso.reason", "left-group")) < 2 {
		t.Error("no log of the leaving")
	}
}

// TestEventsGoToAnotherTopic: until the release, or the end of the lease.
func TestEventsGoToAnotherTopic(t *testing.T) {
	o := observe(t, nil)
	_, admin := o.broker()
	elsewhere := func() (sum int64) {
		ends, err := admin.ListEndOffsets(t.Context(), role.NextEventsTopic)
		if err != nil {
			t.Fatal(err)
		}
		ends.Each(func(end kadm.ListedOffset) { sum += end.Offset })
		return sum
	}
	move := func(lease string) {
		o.must("PUT", "gateway", "/control/events-topic?lease="+lease, eventsTopic{role.NextEventsTopic}, nil)
	}
	move("1m")
	move("1m") // a renewal
	o.sendEvents(5)
	eventually.True(t, "events are in the other topic", func() bool { return elsewhere() == 5 })
	if s := o.waitSpan("gateway", "send events-v2"); attr(s.Attributes, "messaging.destination.name") != role.NextEventsTopic {
		t.Errorf("span %v", s.Attributes)
	}
	for range 2 {
		o.must("DELETE", "gateway", "/control/events-topic", nil, nil)
	}
	o.sendEvents(5)
	eventually.True(t, "events are read again", func() bool { return o.deployed.profile("u1").Clicks[1] == 5 })
	move("20ms")
	eventually.True(t, "the end of the lease restores", func() bool {
		o.sendEvents(1)
		return o.deployed.profile("u1").Clicks[1] > 5
	})
	if status, _ := o.call("PUT", "gateway", "/control/events-topic?lease=1s", eventsTopic{"no topic"}, nil); status != http.StatusBadRequest {
		t.Errorf("a name that Kafka does not take: %d", status)
	}
}

// TestPausedBroker: nothing comes in while it stands still, and all of it afterwards.
func TestPausedBroker(t *testing.T) {
	o := observe(t, nil)
	client, _ := o.broker()
	answers := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		return client.Ping(ctx) == nil
	}
	eventually.True(t, "the broker answers", answers)
	pause := func(lease string) {
		o.must("PUT", "backing", "/control/pause-broker?lease="+lease, map[string]string{"arm": "arm"}, nil)
	}
	pause("1m")
	pause("1m")
	if answers() {
		t.Error("a broker that stands still answers")
	}
	o.sendEvents(20)
	for range 2 {
		o.must("DELETE", "backing", "/control/pause-broker?arm=arm", nil, nil)
	}
	eventually.True(t, "all that was sent arrives, once", func() bool { return o.deployed.profile("u1").Clicks[1] == 20 })
	pause("300ms")
	eventually.True(t, "the end of the lease lets it go on", answers)
	if status, _ := o.call("PUT", "backing", "/control/pause-broker?lease=1s", map[string]string{"arm": "other"}, nil); status != http.StatusBadRequest {
		t.Errorf("an unknown arm: %d", status)
	}

	pause("1m")
	o.sendEvents(5)
	eventually.True(t, "producers give up", func() bool {
		for _, s := range o.spans.GetSpans() {
			if s.Name == "send arm.events" && attr(s.Attributes, "error.type") == "timeout" {
				return true
			}
		}
		return false
	})
	eventually.True(t, "a log record says that the broker is silent", func() bool { // it is exported by itself
		silent := o.logs.with("perso.reason", "broker-silent")
		return len(silent) > 0 && recordAttr(silent[0], "error.type") == "timeout"
	})
	o.must("DELETE", "backing", "/control/pause-broker?arm=arm", nil, nil)
	before := o.deployed.profile("u1").Clicks[1]
	sent := 20 + 5
	eventually.True(t, "events come in again", func() bool {
		o.sendEvents(1) // one may be lost, while the producer finds out what the broker has of those that it gave up
		sent++
		return o.deployed.profile("u1").Clicks[1] >= before+5
	})
	eventually.True(t, "of every event it is known whether it was stored", func() bool { // with one in flight the end would wait for it
		known := 0
		for _, s := range o.spans.GetSpans() {
			if s.Name == "send arm.events" {
				known++
			}
		}
		return known == sent
	})
}
