package control

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
)

// TestHealThatFails: a heal that fails is tried again when the lease ends, and a lever that fails halfway is healed at once. The rest
// is tested where the services have their levers.
func TestHealThatFails(t *testing.T) {
	heals := make(chan struct{}, 10)
	var halfway error
	c := New("secret", []Endpoint{{Name: "lever", Force: func(json.RawMessage) (func() error, error) {
		tries := 0
		return func() error {
			heals <- struct{}{}
			if tries++; tries == 1 {
				return errors.New("not yet")
			}
			return nil
		}, halfway
	}}})
	defer c.Close()
	put := func(lease string) int {
		r := httptest.NewRequest(http.MethodPut, "/control/lever?lease="+lease, strings.NewReader("{}"))
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Authorization", "Bearer secret")
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		return w.Code
	}
	if got := put("20ms"); got != http.StatusOK {
		t.Fatal(got)
	}
	eventually.True(t, "the heal is tried twice", func() bool { return len(heals) == 2 })
	halfway = errors.New("halfway")
	if got := put("1m"); got != http.StatusBadGateway || len(heals) != 3 {
		t.Errorf("status %d and %d heals, want %d and 3", got, len(heals), http.StatusBadGateway)
	}
}
