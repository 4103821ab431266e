package faults

import (
	"context"
	"net/http"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// rareJourneyError: decisions fail for a few sessions, always the same ones, and only in one channel and at one placement. The
// error rate of the whole hardly moves.
func rareJourneyError() Fault {
	return Fault{
		ID:    "rare-journey-error",
		Group: "rollout",
		Title: "decisions for {placement} in channel {channel} fail for {share} of the sessions",
		Felt:  "a small group sees errors, always the same people at the same place",
		Least: "tail",
		Params: []Param{
			{Name: "channel", Title: "the channel that has it", Words: []string{"store", "app", "web"}},
			{Name: "placement", Title: "the place that has it", Words: []string{"home", "detail"}},
			{Name: "share", Title: "part of the sessions there", Unit: Share, Default: 0.2, Least: 0.01, Most: 1},
		},
		Runbook: "Group the failed requests by what they have in common before you look at any one of them: channel, placement, version. " +
			"Here they share two attributes, and nobody else fails. Look for a rule, a route or a rollout that names exactly these " +
			"two, and take it back.",
		Levers:  []string{lever.FailRequests},
		Service: role.Decision,
		Expect:  []string{"ErrorSpansRare"},
		Allow:   []string{"AvailabilityBurn", "DependencyErrors", "HighErrorRate", "ServiceErrorRateHigh"},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{
			"perso.channel": "{channel}", "perso.placement": "{placement}", "error.type": "502",
		}},
		Unseen: true,
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.FailRequests, map[string]any{
				"path": "/v1/decide", "by": "session", "share": site.Values.Number("share"), "status": http.StatusServiceUnavailable,
				"match": map[string]string{"channel": site.Values.Word("channel"), "placement": site.Values.Word("placement")},
			})
			return in, in.Renew(ctx)
		},
		Probe: probeRequests(lever.FailRequests, "failed"),
	}
}
