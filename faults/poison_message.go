package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// poisonMessage: one record cannot be decoded. The consumer must not lose data, so it does not pass the record over: it reads
// it again and again, and everything behind it in the partition waits. Operators heal that by deleting the record.
func poisonMessage() Fault {
	const behind = 5 // records that wait behind it: a consumer that goes on leaves fewer

	type stuck struct {
		Sent                   bool
		Partition              int32
		Offset, Committed, Lag int64
	}

	return Fault{
		ID:    "poison-message",
		Group: "stream",
		Title: "one record of {topic} cannot be decoded, and its partition waits for it",
		Felt:  "profiles of a third of the users stand still; answers are fast and for them ever more stale",
		Signs: map[string]int{"errors": 0},
		Least: "off",
		Params: []Param{
			{Name: "topic", Title: "where the record lies", Words: []string{"events", "profile-updates"}},
		},
		Runbook: "One partition stands still while its end grows, and the others go on. The consumer's log names topic, partition and offset, " +
			"again and again. Read that record (kafka-console-consumer --partition --offset --max-messages 1) and find who wrote it. If a newer " +
			"consumer can decode it, roll that out; else keep a copy and delete the records up to it (kafka-delete-records), or move the group's " +
			"offset one on. The consumer goes on by itself.",
		Levers: []string{lever.PoisonRecord},
		Expect: []string{"PartitionStalled", "ConsumerLagHigh", "LagSkewed"},
		Allow:  []string{"EventAgeHigh", "EventAgeChannel", "ProfileUpdatesStale", "RecordsRejected", "EngagementAbsent", "ClickThroughLow"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.reason": "undecodable",
		}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Backing, lever.PoisonRecord, map[string]string{"topic": site.Values.Word("topic")})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var s stuck
			if err := site.Arm.Ask(ctx, role.Backing, lever.PoisonRecord, struct{}{}, &s); err != nil {
				return Effect{}, err
			}
			return Effect{
				Present: s.Sent && s.Committed == s.Offset && s.Lag >= behind,
				Gone:    s.Sent && s.Committed > s.Offset,
				Detail:  fmt.Sprintf("the group is at %d of partition %d, where the record is %d; %d records wait", s.Committed, s.Partition, s.Offset, s.Lag),
				Values:  map[string]float64{"lag_records": float64(s.Lag)},
			}, nil
		},
	}
}
