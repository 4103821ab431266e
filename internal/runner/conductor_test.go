package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// ask makes a request as the load generator would.
func ask(t *testing.T, c *conductor, method, path, token string, body any) *http.Response {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, c.url()+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func newTestConductor(t *testing.T) *conductor {
	t.Helper()
	c, err := newConductor()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func TestConductorHandsOutOrdersAndTakesReports(t *testing.T) {
	c := newTestConductor(t)
	done := make(chan slot.Report, 1)
	go func() {
		report, err := c.do(t.Context(), slot.Order{Phase: slot.Toll, Round: 3})
		if err != nil {
			t.Error(err)
		}
		done <- report
	}()
	var order slot.Order
	if err := json.NewDecoder(ask(t, c, http.MethodGet, "/next", c.token, nil).Body).Decode(&order); err != nil {
		t.Fatal(err)
	}
	if order.Round != 3 || order.Phase != slot.Toll {
		t.Errorf("order %+v", order)
	}
	if code := ask(t, c, http.MethodPost, "/report", c.token, slot.Report{Order: order.ID, GeneratorCPU: time.Second}).StatusCode; code != http.StatusNoContent {
		t.Errorf("report: status %d", code)
	}
	if report := <-done; report.GeneratorCPU != time.Second {
		t.Errorf("report %+v", report)
	}
	if code := ask(t, c, http.MethodPost, "/report", c.token, slot.Report{Order: order.ID}).StatusCode; code != http.StatusConflict {
		t.Errorf("a second report: status %d, want %d", code, http.StatusConflict)
	}
	c.finish()
	if code := ask(t, c, http.MethodGet, "/next", c.token, nil).StatusCode; code != http.StatusNoContent {
		t.Errorf("after the last order: status %d, want %d", code, http.StatusNoContent)
	}
}

func TestConductorNeedsTheToken(t *testing.T) {
	c := newTestConductor(t)
	for _, path := range []string{"/next", "/report"} {
		if code := ask(t, c, http.MethodGet, path, "guess", nil).StatusCode; code != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want %d", path, code, http.StatusUnauthorized)
		}
	}
}

func TestConductorGivesUpWithItsContext(t *testing.T) {
	c := newTestConductor(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrInterrupted)
	if _, err := c.do(ctx, slot.Order{}); !errors.Is(err, ErrInterrupted) {
		t.Errorf("error %v, want %v", err, ErrInterrupted)
	}
}
