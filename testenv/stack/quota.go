package stack

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Limits of throttle-fetch.
const (
	quotaIntervalLeast = 10 * time.Millisecond
	quotaIntervalMost  = time.Minute
	silenceMost        = 200 * time.Millisecond // the longest silence that a client is told, so that an early end of the quota takes effect soon
)

// quotaLimits says how much consumers get: one answer in every interval, of at most maxBytes, or of a single batch if that is
// larger.
type quotaLimits struct {
	interval time.Duration
	maxBytes int32
}

func (p throttleParams) limits() (quotaLimits, error) {
	interval, err := time.ParseDuration(p.Interval)
	if err != nil || interval < quotaIntervalLeast || interval > quotaIntervalMost {
		return quotaLimits{}, fmt.Errorf("%w: interval must be a duration from %v to %v, got %q", errParams, quotaIntervalLeast, quotaIntervalMost, p.Interval)
	}
	if p.MaxBytes < 1 {
		return quotaLimits{}, fmt.Errorf("%w: max_bytes must be at least 1, got %d", errParams, p.MaxBytes)
	}
	return quotaLimits{interval: interval, maxBytes: p.MaxBytes}, nil
}

// quota limits the consumers of a broker until it ends. It works like a client quota of Kafka: a fetch over the quota gets an
// empty answer at once, with the time for which the client must be silent.
type quota struct {
	limits atomic.Pointer[quotaLimits]
	ended  atomic.Bool
	next   time.Time // when the next fetch may pass; used by the broker's loop alone
}

func newQuota(broker *kfake.Cluster, limits quotaLimits) *quota {
	q := &quota{}
	q.limits.Store(&limits)
	broker.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		fetch, ok := request.(*kmsg.FetchRequest)
		if q.ended.Load() || !ok {
			broker.DropControl()
			return nil, nil, false
		}
		answer := q.answer(fetch, time.Now())
		if answer == nil {
			return nil, nil, false // the broker answers, within the limits that the request now has
		}
		broker.KeepControl()
		return answer, nil, true
	})
	return q
}

// answer returns the empty answer to a fetch over the quota, or nil for a fetch that may pass, with lower limits.
func (q *quota) answer(fetch *kmsg.FetchRequest, now time.Time) kmsg.Response {
	limits := q.limits.Load()
	if wait := q.next.Sub(now); wait > 0 {
		empty := fetch.ResponseKind().(*kmsg.FetchResponse)
		empty.ThrottleMillis = int32(min(wait, silenceMost)/time.Millisecond) + 1
		return empty // session id 0: the client begins a new fetch session, if it uses them
	}
	q.next = now.Add(limits.interval)
	fetch.MaxBytes = min(fetch.MaxBytes, limits.maxBytes)
	for i := range fetch.Topics {
		for j := range fetch.Topics[i].Partitions {
			p := &fetch.Topics[i].Partitions[j]
			p.PartitionMaxBytes = min(p.PartitionMaxBytes, limits.maxBytes)
		}
	}
	return nil
}
