package containers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/redis/go-redis/v9"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// kafkaEnv configures the standard image as a single small broker that starts quickly. Its quota window is two seconds, not
// eleven, so that the end of a quota soon reaches a throttled consumer.
func kafkaEnv() map[string]string {
	return map[string]string{
		"KAFKA_NODE_ID":                                  "1",
		"KAFKA_PROCESS_ROLES":                            "broker,controller",
		"KAFKA_LISTENERS":                                "PLAINTEXT://:9092,CONTROLLER://:9093",
		"KAFKA_ADVERTISED_LISTENERS":                     "PLAINTEXT://" + kafkaHost + ":" + kafkaPort,
		"KAFKA_CONTROLLER_LISTENER_NAMES":                "CONTROLLER",
		"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP":           "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
		"KAFKA_CONTROLLER_QUORUM_VOTERS":                 "1@localhost:9093",
		"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR":         "1",
		"KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS":             "1",
		"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
		"KAFKA_TRANSACTION_STATE_LOG_MIN_ISR":            "1",
		"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS":         "0",
		"KAFKA_AUTO_CREATE_TOPICS_ENABLE":                "false",
		"KAFKA_QUOTA_WINDOW_NUM":                         "2",
		"KAFKA_QUOTA_WINDOW_SIZE_SECONDS":                "1",
		"KAFKA_HEAP_OPTS":                                "-Xmx256M -Xms256M",
	}
}

// broker returns the client options by which this process reaches the broker. The broker tells its clients a name that exists
// only in the containers' network. So every connection goes to the address at which this process reaches the container's port.
func (l *launch) broker() []kgo.Opt { return brokerAt(l.shared[kafkaHost]) }

func brokerAt(c *engine.Container) []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(kafkaHost + ":" + kafkaPort),
		kgo.Dialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, c.Address(kafkaPort))
		}),
	}
}

// brokerReady is ready when the broker answers a request about itself.
func brokerReady(ctx context.Context, c *engine.Container) error {
	client, err := kgo.NewClient(append(brokerAt(c), kgo.RetryTimeout(time.Second))...)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Ping(ctx)
}

// storeReady is ready when the store answers.
func storeReady(ctx context.Context, c *engine.Container) error {
	client := redis.NewClient(&redis.Options{Addr: c.Address(redisPort), MaxRetries: -1})
	defer client.Close()
	return client.Ping(ctx).Err()
}

// topics creates every arm's topics, and the one to which events are to move.
func (l *launch) topics(ctx context.Context) error {
	client, err := kgo.NewClient(l.broker()...)
	if err != nil {
		return fmt.Errorf("testenv: kafka: %w", err)
	}
	l.admin = kadm.NewClient(client)
	names := []string{role.NextEventsTopic}
	for _, a := range l.arms {
		names = append(names, role.EventsTopic(a.spec.Name), role.ProfilesTopic(a.spec.Name))
	}
	created, err := l.admin.CreateTopics(ctx, role.Partitions, 1, nil, names...)
	if err == nil {
		err = created.Error()
	}
	if err != nil {
		return fmt.Errorf("testenv: kafka: topics: %w", err)
	}
	return nil
}

// A quota comes down in halves. At a consumer that exceeds it by a factor, the broker stops reading from the connection for so many
// quota windows that the mean comes down to the quota, and it keeps to that after the quota is taken back. A consumer that had got
// 24 kB/s and meets a quota of 1 kB/s would stand still for three quarters of a minute. One that meets a little less than what it got
// stands still for a moment, and if the quota halves no faster than about once in a window, its window empties as the quota falls.
const (
	quotaHighest = 256 << 10 // B/s; about what 600 events a second need
	quotaStep    = 600 * time.Millisecond
)

// throttle sets a client quota on the arm's consumer: a number of bytes per interval, from the parameters of
// lever.ThrottleFetch.
func (l *launch) throttle(ctx context.Context, arm string, params any) error {
	var p struct {
		Interval string  `json:"interval"`
		MaxBytes float64 `json:"max_bytes"`
	}
	text, err := json.Marshal(params)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	interval, bad := time.ParseDuration(p.Interval)
	if err := errors.Join(err, bad); err != nil {
		return fmt.Errorf("testenv: %s: %w", lever.ThrottleFetch, err)
	}
	if interval <= 0 || p.MaxBytes <= 0 {
		return fmt.Errorf("testenv: %s: interval and max_bytes must be positive, got %s and %g", lever.ThrottleFetch, p.Interval, p.MaxBytes)
	}
	rate := p.MaxBytes / interval.Seconds()
	step := time.NewTicker(quotaStep)
	defer step.Stop()
	for higher := float64(quotaHighest); higher > rate; higher /= 2 {
		if err := l.limitFetch(ctx, arm, higher); err != nil {
			return err
		}
		select {
		case <-step.C:
		case <-ctx.Done():
			return fmt.Errorf("testenv: %s: %w", lever.ThrottleFetch, context.Cause(ctx))
		}
	}
	return l.limitFetch(ctx, arm, rate)
}

// limitFetch sets the quota, in bytes per second.
func (l *launch) limitFetch(ctx context.Context, arm string, rate float64) error {
	return l.quota(ctx, arm, kadm.AlterClientQuotaOp{Key: "consumer_byte_rate", Value: rate})
}

// unthrottle removes the client quota.
func (l *launch) unthrottle(arm string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return l.quota(ctx, arm, kadm.AlterClientQuotaOp{Key: "consumer_byte_rate", Remove: true})
}

func (l *launch) quota(ctx context.Context, arm string, op kadm.AlterClientQuotaOp) error {
	client := role.IngestGroup(arm)
	altered, err := l.admin.AlterClientQuotas(ctx, []kadm.AlterClientQuotaEntry{{
		Entity: kadm.ClientQuotaEntity{{Type: "client-id", Name: &client}}, Ops: []kadm.AlterClientQuotaOp{op},
	}})
	for _, a := range altered {
		if err == nil {
			err = a.Err
		}
	}
	if err != nil {
		return fmt.Errorf("testenv: kafka: quota of %s: %w", client, err)
	}
	return nil
}
