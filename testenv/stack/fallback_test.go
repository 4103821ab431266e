package stack

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// TestReasonsForDefaultContent gives a decision service a profile service and a model that fail in different ways.
func TestReasonsForDefaultContent(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { replyBytes(w, status, []byte(body)) }
	}
	const (
		user   = `{"user":"u1","known":true,"consent":true,"age":30,"tier":"gold"}`
		ranked = `{"items":["i1","i2"],"scores":[0.2,0.1],"confidence":0.5,"version":"v"}`
		shown  = `{"items":[{"id":"i1"},{"id":"i2"}]}`
	)
	late := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the caller has gone
		<-r.Context().Done()
	}
	for _, test := range []struct {
		name                    string
		profile, model, content http.HandlerFunc
		reason                  string
		items                   int
	}{
		{"all well", answer(200, user), answer(200, ranked), answer(200, shown), "", 2},
		{"some content gone", answer(200, user), answer(200, ranked), answer(200, `{"items":[{"id":"i1"}],"missing":["i2"]}`), "", 1},
		{"all content gone", answer(200, user), answer(200, ranked), answer(200, `{"items":[],"missing":["i1","i2"]}`), reasonNoContent, 3},
		{"content fails", answer(200, user), answer(200, ranked), answer(502, `{}`), reasonProfileError, 3},
		{"profile fails", answer(502, `{}`), answer(200, ranked), answer(200, shown), reasonProfileError, 3},
		{"nobody known", answer(200, `{"user":""}`), answer(200, ranked), answer(200, shown), reasonUnknownUser, 3},
		{"impossible age", answer(200, `{"user":"u1","known":true,"consent":true,"age":-4,"tier":"gold"}`), answer(200, ranked), answer(200, shown), reasonInvalid, 3},
		{"no age", answer(200, `{"user":"u1","known":true,"consent":true,"tier":"gold"}`), answer(200, ranked), answer(200, shown), reasonMissing, 3},
		{"consent withdrawn", answer(200, `{"user":"u1","known":true,"consent":false,"age":30,"tier":"gold"}`), answer(200, ranked), answer(200, shown), reasonNoConsent, 3},
		{"consent never asked for", answer(200, `{"user":"u1","known":true,"age":30,"tier":"gold"}`), answer(200, ranked), answer(200, shown), reasonNoConsent, 3},
		{"model fails", answer(200, user), answer(503, `{}`), answer(200, shown), reasonModelError, 3},
		{"model talks nonsense", answer(200, user), answer(200, `"`), answer(200, shown), reasonModelError, 3},
		{"model late", answer(200, user), late, answer(200, shown), reasonModelTimeout, 3},
		{"model unsure", answer(200, user), answer(200, `{"items":["i1"],"confidence":0.01}`), answer(200, shown), reasonLowConfidence, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /v1/profile", test.profile)
			mux.HandleFunc("POST /v1/rank", test.model)
			mux.HandleFunc("GET /v1/content", test.content)
			server := httptest.NewServer(mux)
			defer server.Close()
			tel, err := setup(t.Context(), "decision", Config{Level: Level{Off: true}})
			if err != nil {
				t.Fatal(err)
			}
			cfg := Config{Config: role.Config{ProfileURL: server.URL, ModelURL: server.URL, Seed: 1, Users: 10, Items: 10}}
			p, err := newDecision(t.Context(), cfg, tel)
			if err != nil {
				t.Fatal(err)
			}
			defer p.close(t.Context())
			front := httptest.NewServer(p.routes["POST /v1/decide"])
			defer front.Close()
			c := newClient(front.URL, decisionLimit, tel)
			defer c.close()
			var got recommendAnswer
			req := recommendRequest{RequestID: "r", Session: "s", User: "u1", Channel: "store", Slots: 3}
			if _, err := c.post(t.Context(), "/v1/decide", req, &got); err != nil {
				t.Fatal(err)
			}
			if got.Reason != test.reason || len(got.Items) != test.items || got.RequestID != "r" || got.Variant == "" {
				t.Errorf("got %+v, want reason %q and %d items", got, test.reason, test.items)
			}
		})
	}
}
