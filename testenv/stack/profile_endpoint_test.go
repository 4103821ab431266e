package stack

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// TestProfileQuestion: a role that is asked answers with a profile of the length that was asked for, to callers that have the token.
func TestProfileQuestion(t *testing.T) {
	c := newControl("secret", []endpoint{profileEndpoint()})
	defer c.close()
	const here, target = "127.0.0.1:5", "/control/cpu-profile"
	for body, want := range map[string]string{
		`{}`: "length must be from 100ms to 1m0s, got 0s", `{"length":99999999}`: "got 99.999999ms", `{"length":60000000001}`: "got 1m0.000000001s",
		`{"length":-1}`: "got -1ns", `{"seconds":5}`: "unknown field", `{"length":"5s"}`: "cannot unmarshal",
	} {
		if w := ask(c, http.MethodPost, target, "secret", body, here); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := ask(c, http.MethodPost, target, "", `{"length":100000000}`, here); w.Code != http.StatusUnauthorized {
		t.Errorf("without the token: %d %s", w.Code, w.Body)
	}
	length := 300 * time.Millisecond
	params, err := json.Marshal(role.ProfileParams{Length: length})
	if err != nil {
		t.Fatal(err)
	}
	w := ask(c, http.MethodPost, target, "secret", string(params), here)
	var answer role.ProfileAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	p, err := profile.ParseData(answer.Profile)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Duration(p.DurationNanos); took < length || p.PeriodType.Type != "cpu" {
		t.Errorf("a profile of %s for %v", p.PeriodType.Type, took)
	}
}

// TestProfileOneAtATime: a second question meanwhile is refused, and one whose caller is gone ends.
func TestProfileOneAtATime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		for { // it is the first one, unless one of those below comes before
			if _, err := profileCPU(ctx, time.Minute); ctx.Err() != nil {
				ended <- err
				return
			}
		}
	}()
	for { // until the first one is on
		if _, err := profileCPU(t.Context(), time.Nanosecond); err != nil {
			break
		}
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("a profile whose caller is gone has no error")
	}
	if text, err := profileCPU(t.Context(), time.Millisecond); err != nil || len(text) == 0 {
		t.Errorf("after it: %d bytes, %v", len(text), err)
	}
}
