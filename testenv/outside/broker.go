package outside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Limits of questions to the broker.
const (
	answerLimit = time.Second     // within which a broker that is well says something
	recentLimit = 3 * time.Second // to read the events of the last seconds
)

// FloodKey is the key of the events that Flood sends.
const FloodKey = "backfill"

// answers reports whether the broker answers.
func (v *View) answers(ctx context.Context) bool {
	client, err := v.broker()
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return client.kafka.Ping(ctx) == nil // not its metadata, which a client remembers
}

// Group is what the broker knows of a consumer group.
type Group struct {
	Members int    `json:"members"`
	State   string `json:"state"`
}

// group asks the broker for the members of the ingest group.
func (v *View) group(ctx context.Context) (Group, error) {
	client, err := v.broker()
	if err != nil {
		return Group{}, err
	}
	all, err := client.admin.DescribeGroups(ctx, role.IngestGroup(v.arm))
	if err == nil {
		err = all.Error()
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return Group{State: "Dead"}, nil
	}
	if err != nil {
		return Group{}, fmt.Errorf("outside: group of arm %s: %w", v.arm, err)
	}
	described := all[role.IngestGroup(v.arm)]
	return Group{Members: len(described.Members), State: described.State}, nil
}

// poison is a record that cannot be decoded.
type poison struct {
	topic     string
	partition int32
	offset    int64
}

// poisonText cannot be decoded: a producer was cut off in the middle of a document.
const poisonText = `{"user":"u1","session":"s1","type":"impr`

// sendPoison sends a record that cannot be decoded to one of the arm's topics. The heal deletes the records of its partition up
// to and including it, as operators do who cannot fix the consumer.
func (v *View) sendPoison(ctx context.Context, topic string) (heal func() error, err error) {
	client, err := v.broker()
	if err != nil {
		return nil, err
	}
	switch name := role.WithoutArm(v.arm, role.EventsTopic(v.arm)); topic {
	case name:
		topic = role.EventsTopic(v.arm)
	case role.WithoutArm(v.arm, role.ProfilesTopic(v.arm)):
		topic = role.ProfilesTopic(v.arm)
	default:
		return nil, fmt.Errorf("outside: topic must be %s or %s, got %q", name, role.WithoutArm(v.arm, role.ProfilesTopic(v.arm)), topic)
	}
	sent, err := client.kafka.ProduceSync(ctx, &kgo.Record{Topic: topic, Key: []byte("cut-off"), Value: []byte(poisonText)}).First()
	if err != nil {
		return nil, fmt.Errorf("outside: arm %s: %w", v.arm, err)
	}
	p := &poison{topic: topic, partition: sent.Partition, offset: sent.Offset}
	v.mu.Lock()
	v.poison = p
	v.mu.Unlock()
	return func() error { return v.deletePoison(p) }, nil
}

// deletePoison deletes the records up to and including p. It waits a little for the consumer to have come so far, since
// what it has not read is lost.
func (v *View) deletePoison(p *poison) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*retryLimit)
	defer cancel()
	client, err := v.broker()
	if err != nil {
		return err
	}
	for end := time.Now().Add(recentLimit); time.Now().Before(end); time.Sleep(probePause) {
		if at, err := v.stuckAt(ctx); err == nil && at.Committed >= p.offset {
			break
		}
	}
	upTo := kadm.Offsets{}
	upTo.Add(kadm.Offset{Topic: p.topic, Partition: p.partition, At: p.offset + 1, LeaderEpoch: -1})
	deleted, err := client.admin.DeleteRecords(ctx, upTo)
	if err == nil {
		err = deleted.Error()
	}
	if err != nil {
		return fmt.Errorf("outside: arm %s: records up to %d of %s/%d: %w", v.arm, p.offset, p.topic, p.partition, err)
	}
	return nil
}

// probePause is between two looks at what the consumer has committed.
const probePause = 50 * time.Millisecond

// Stuck is where the consumer is in the partition of the last record that cannot be decoded.
type Stuck struct {
	Sent      bool  `json:"sent"` // there was such a record; else all else is zero
	Partition int32 `json:"partition"`
	Offset    int64 `json:"offset"`    // of the record
	Committed int64 `json:"committed"` // by the group; −1: nothing yet
	Lag       int64 `json:"lag"`       // records from there to the end
}

// stuckAt asks the broker where the consumer is.
func (v *View) stuckAt(ctx context.Context) (Stuck, error) {
	v.mu.Lock()
	p := v.poison
	v.mu.Unlock()
	if p == nil {
		return Stuck{}, nil
	}
	group, err := v.groupLag(ctx)
	if err != nil {
		return Stuck{}, err
	}
	at, ok := group.Lag.Lookup(p.topic, p.partition)
	if !ok {
		return Stuck{}, fmt.Errorf("outside: arm %s: the group has nothing to do with %s/%d", v.arm, p.topic, p.partition)
	}
	return Stuck{Sent: true, Partition: p.partition, Offset: p.offset, Committed: at.Commit.At, Lag: at.Lag}, nil
}

// backfilled is an event of Flood: a slate that somebody saw, once more for the record.
type backfilled struct {
	Type      string `json:"type"`
	Session   string `json:"session"`
	Channel   string `json:"channel"`
	RequestID string `json:"request_id"`
	TimeMS    int64  `json:"time_ms"`
}

// flood sends so many events a second under one key until the release.
func (v *View) flood(rate float64) (release func() error, err error) {
	client, err := v.broker()
	if err != nil {
		return nil, err
	}
	if !(rate > 0 && rate <= 1e5) {
		return nil, fmt.Errorf("outside: rate must be in (0, 1e5], got %g", rate)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		const tick = 20 * time.Millisecond
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		began, sent := time.Now(), 0
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticker.C:
				for ; float64(sent) < now.Sub(began).Seconds()*rate; sent++ {
					text, _ := json.Marshal(backfilled{ // strings and a number
						Type: "impression", Session: FloodKey, Channel: "web",
						RequestID: fmt.Sprintf("%s-%d-%d", FloodKey, began.UnixNano(), sent), TimeMS: now.UnixMilli(),
					})
					client.kafka.TryProduce(ctx, &kgo.Record{Topic: role.EventsTopic(v.arm), Key: []byte(FloodKey), Value: text}, nil)
				}
			}
		}
	}()
	return func() error { cancel(); <-done; return nil }, nil
}

// Recent is what came in on the topic of events during the last seconds.
type Recent struct {
	Records    int                `json:"records"`
	Partitions map[int32]int      `json:"partitions"` // records, by partition
	Flooded    int                `json:"flooded"`    // of them, with the key of Flood
	Clicks     int                `json:"clicks"`
	Duplicates int                `json:"duplicates"` // clicks that are there already, under the same request and item
	Age        map[string]float64 `json:"age"`        // by channel: mean of receive time minus event time, in seconds
}

// recent reads the events of the last seconds from the broker, with a consumer of its own that is in no group.
func (v *View) recent(ctx context.Context, last time.Duration) (Recent, error) {
	ctx, cancel := context.WithTimeout(ctx, recentLimit)
	defer cancel()
	client, err := v.broker()
	if err != nil {
		return Recent{}, err
	}
	topic := role.EventsTopic(v.arm)
	from, err1 := client.admin.ListOffsetsAfterMilli(ctx, time.Now().Add(-last).UnixMilli(), topic)
	to, err2 := client.admin.ListEndOffsets(ctx, topic)
	for _, err := range []error{err1, err2, from.Error(), to.Error()} {
		if err != nil {
			return Recent{}, fmt.Errorf("outside: events of arm %s: %w", v.arm, err)
		}
	}
	starts, left := map[int32]kgo.Offset{}, int64(0)
	from.Each(func(o kadm.ListedOffset) {
		if end, ok := to.Lookup(topic, o.Partition); ok && o.Offset >= 0 && o.Offset < end.Offset {
			starts[o.Partition] = kgo.NewOffset().At(o.Offset)
			left += end.Offset - o.Offset
		}
	})
	r := tally{Recent: Recent{Partitions: map[int32]int{}, Age: map[string]float64{}}, seen: map[string]bool{}, channels: map[string]float64{}}
	if left > 0 {
		err = v.read(ctx, map[string]map[int32]kgo.Offset{topic: starts}, left, r.add)
	}
	return r.Recent, err
}

// read gives count records, from the offsets on, to a function.
func (v *View) read(ctx context.Context, from map[string]map[int32]kgo.Offset, count int64, to func(*kgo.Record)) error {
	reader, err := kgo.NewClient(append([]kgo.Opt{kgo.ConsumePartitions(from), kgo.FetchMaxWait(100 * time.Millisecond)}, v.options...)...)
	if err != nil {
		return fmt.Errorf("outside: %w", err)
	}
	defer reader.Close()
	for count > 0 {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("outside: events of arm %s: %w", v.arm, err)
		}
		fetches.EachRecord(to)
		count -= int64(fetches.NumRecords())
	}
	return nil
}

// tally counts records.
type tally struct {
	Recent
	seen     map[string]bool
	channels map[string]float64 // events, by channel
}

func (t *tally) add(r *kgo.Record) {
	var e struct {
		Type      string `json:"type"`
		Channel   string `json:"channel"`
		RequestID string `json:"request_id"`
		Item      string `json:"item"`
		TimeMS    int64  `json:"time_ms"`
	}
	t.Records++
	t.Partitions[r.Partition]++
	if string(r.Key) == FloodKey {
		t.Flooded++
		return
	}
	if json.Unmarshal(r.Value, &e) != nil {
		return
	}
	if e.Type == "click" {
		id := e.RequestID + "/" + e.Item
		if t.Clicks++; t.seen[id] {
			t.Duplicates++
		}
		t.seen[id] = true
	}
	n := t.channels[e.Channel]
	t.Age[e.Channel] = (t.Age[e.Channel]*n + r.Timestamp.Sub(time.UnixMilli(e.TimeMS)).Seconds()) / (n + 1)
	t.channels[e.Channel] = n + 1
}
