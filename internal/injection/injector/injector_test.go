package injector

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/injection"
)

// arm keeps what was done to it.
type arm struct {
	mu   sync.Mutex
	log  []string
	fail bool
}

func (a *arm) note(what string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log = append(a.log, what)
	if a.fail {
		return errors.New("the target is gone")
	}
	return nil
}

func (a *arm) count(what string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, line := range a.log {
		if line == what {
			n++
		}
	}
	return n
}

func (a *arm) Name() string { return "full" }
func (a *arm) Pull(_ context.Context, _, lever string, _ any, _ time.Duration) error {
	return a.note("pull " + lever)
}
func (a *arm) Release(_ context.Context, _, lever string) error    { return a.note("release " + lever) }
func (a *arm) Ask(context.Context, string, string, any, any) error { return nil }
func (a *arm) Lag(context.Context) (map[int32]int64, error)        { return map[int32]int64{0: 500}, nil }
func (a *arm) Answers(context.Context, string) (bool, error)       { return true, nil }

func start(t *testing.T) (*arm, *Injector, *injection.Client) {
	a := &arm{}
	i := New(a, func(fault string, _ []string) error {
		if fault == "log-lag" {
			return errors.New("not in this environment")
		}
		return nil
	})
	server := httptest.NewServer(i.Handler("secret"))
	t.Cleanup(server.Close)
	c, err := injection.NewClient(strings.Replace(server.URL, "http://", "http://tollgate:secret@", 1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close(context.Background()) })
	return a, i, c
}

func TestInjectAndHeal(t *testing.T) {
	a, i, c := start(t)
	ctx := t.Context()
	order := injection.Order{Params: map[string]any{"bytes": 2048}, For: time.Minute}
	s, err := c.Inject(ctx, "consumer-lag", order)
	if err != nil || !strings.Contains(s.Title, "2048") || time.Until(s.Until) < 50*time.Second {
		t.Fatalf("%+v, %v", s, err)
	}
	if s, err := c.State(ctx, "consumer-lag"); err != nil || !s.Present || s.Until.IsZero() || !strings.Contains(s.Detail, "500 events") {
		t.Errorf("%+v, %v", s, err)
	}
	order.For = 2 * time.Minute // the same again holds it for longer
	if s, err := c.Inject(ctx, "consumer-lag", order); err != nil || time.Until(s.Until) < 100*time.Second || a.count("pull throttle-fetch") != 1 {
		t.Errorf("%+v, %v, %v", s, err, a.log)
	}
	order.Params = nil
	if _, err := c.Inject(ctx, "consumer-lag", order); err == nil || !strings.Contains(err.Error(), "in force with other parameters") {
		t.Error(err)
	}
	for range 2 { // idempotent
		if err := c.Heal(ctx, "consumer-lag"); err != nil {
			t.Error(err)
		}
	}
	if s, err := c.State(ctx, "consumer-lag"); err != nil || !s.Until.IsZero() || a.count("release throttle-fetch") != 1 {
		t.Errorf("%+v, %v, %v", s, err, a.log)
	}
	order.For = 200 * time.Millisecond // it ends by itself
	if _, err := c.Inject(ctx, "consumer-lag", order); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return a.count("release throttle-fetch") == 2 })
	order.For = time.Minute
	if _, err := c.Inject(ctx, "consumer-lag", order); err != nil {
		t.Fatal(err)
	}
	if err := i.Close(ctx); err != nil || a.count("release throttle-fetch") != 3 { // and with the stack
		t.Errorf("%v, %v", err, a.log)
	}
	if _, err := c.Inject(ctx, "consumer-lag", order); err == nil || !strings.Contains(err.Error(), "the stack is ending") {
		t.Error(err)
	}
}

func TestATargetThatIsGone(t *testing.T) {
	a, _, c := start(t)
	if _, err := c.Inject(t.Context(), "consumer-lag", injection.Order{For: time.Minute}); err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	a.fail = true
	a.mu.Unlock()
	await(t, func() bool { // it is not said to be in force when nothing renews it
		s, err := c.State(t.Context(), "consumer-lag")
		return err == nil && s.Until.IsZero()
	})
}

func TestRefused(t *testing.T) {
	a, _, c := start(t)
	for _, tt := range []struct {
		fault string
		o     injection.Order
		want  string
	}{
		{"consumer-leg", injection.Order{For: time.Second}, "legal faults are none, known-delay"},
		{"consumer-lag", injection.Order{}, "held for more than 0s and at most 10m0s, got 0s"},
		{"consumer-lag", injection.Order{For: time.Hour}, "at most 10m0s, got 1h0m0s"},
		{"consumer-lag", injection.Order{For: time.Second, Params: map[string]any{"byte": 1}}, `unknown parameter "byte"`},
		{"consumer-lag", injection.Order{For: time.Second, Params: map[string]any{"bytes": 0}}, "bytes"},
		{"consumer-lag", injection.Order{For: time.Second, Params: map[string]any{"bytes": "1,interval=3"}}, "has no comma"},
		{"model-drift", injection.Order{For: time.Second}, "`tollgate run` can inject it"},
		{"log-lag", injection.Order{For: time.Second}, "not in this environment"},
	} {
		if _, err := c.Inject(t.Context(), tt.fault, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %+v: %v, want %s", tt.fault, tt.o, err, tt.want)
		}
	}
	if err := c.Heal(t.Context(), "nothing"); err == nil || !strings.Contains(err.Error(), "legal faults are") {
		t.Error(err)
	}
	if len(a.log) > 0 {
		t.Errorf("done to the arm: %v", a.log)
	}
	for _, address := range []string{"", "http://127.0.0.1:1", "https://a:b@127.0.0.1:1", "ftp://x", "::"} {
		if _, err := injection.NewClient(address); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
}

func TestTextOfParameters(t *testing.T) {
	got, err := text("x", map[string]any{"share": 0.5, "attribute": "age", "bytes": float64(1024)})
	if err != nil || got != "x: attribute=age, bytes=1024, share=0.5" {
		t.Errorf("%q, %v", got, err)
	}
	if large, err := text("x", map[string]any{"bytes": float64(1e6)}); err != nil || large != "x: bytes=1000000" {
		t.Errorf("%q, %v", large, err)
	}
}

func await(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}
