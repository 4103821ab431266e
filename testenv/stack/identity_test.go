package stack

import (
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
)

// TestLostIdentity: a client that has signed in and comes under another session is told from a visitor who never did.
func TestLostIdentity(t *testing.T) {
	o := observe(t, nil)
	o.must("POST", "gateway", "/v1/login", loginRequest{Session: "s1", User: "u3", Channel: "web"}, nil)
	ask := func(session string, signedIn bool) (answer recommendAnswer) {
		o.must("POST", "gateway", "/v1/recommend", recommendRequest{Session: session, SignedIn: signedIn, Channel: "web", Slots: 5}, &answer)
		return answer
	}
	if known, lost, anonymous := ask("s1", true), ask("s1-anew", true), ask("s2", false); known.User != "u3" || lost.User != "" || anonymous.User != "" {
		t.Errorf("%+v, %+v, %+v", known, lost, anonymous)
	}
	got := map[string]float64{}
	for _, p := range o.measured("decision") {
		if p.name == "perso.identity.lookups" {
			v, _ := p.attrs.Value("perso.identity")
			got[v.AsString()]++
		}
	}
	for _, identity := range identities {
		if got[identity] != 1 {
			t.Errorf("lookups %v, want one series of each of %v", got, identities)
		}
		eventually.True(t, "a span with "+identity, func() bool {
			for _, s := range o.spans.GetSpans() {
				if attr(s.Attributes, "perso.identity") == identity && (attr(s.Attributes, "perso.reason") == reasonUnknownUser) == (identity != identityKnown) {
					return true
				}
			}
			return false
		})
	}
	o.hasLogs("perso.identity", identityLost, 1)
}
