package containers

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/eventually"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// TestStreamFaults: with a real broker, each of these faults is there after its injection, and gone after its heal.
func TestStreamFaults(t *testing.T) {
	_, a, _ := deployed(t)
	ctx, cancel := context.WithCancel(t.Context())
	var users sync.WaitGroup
	defer users.Wait()
	defer cancel()
	users.Go(func() { // fifty events a second, whatever becomes of them
		for tick := time.NewTicker(20 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			body := fmt.Sprintf(`{"type":"click","session":"s%d","channel":"web","item":"i1","variant":"a"}`, time.Now().UnixNano())
			if resp, err := http.Post(a.Gateway()+"/v1/events", "application/json", strings.NewReader(body)); err == nil {
				_ = resp.Body.Close()
			}
		}
	})
	for _, text := range []string{"consumer-stopped", "topic-empty", "poison-message", "hot-partition: rate=2000", "broker-pause"} {
		t.Run(text, func(t *testing.T) {
			f, err := faults.Lookup(text)
			if err != nil {
				t.Fatal(err)
			}
			site := f.At(a, nil, "")
			in, err := f.Inject(t.Context(), site)
			if err != nil {
				t.Fatal(err)
			}
			sees := func(want func(faults.Effect) bool) func() error {
				return func() error {
					if err := in.Renew(t.Context()); err != nil {
						return err
					}
					effect, err := f.Probe(t.Context(), site)
					if err == nil && !want(effect) {
						err = fmt.Errorf("not seen: %s", effect.Detail)
					}
					return err
				}
			}
			eventually.Nil(t, sees(func(e faults.Effect) bool { return e.Present }))
			for range 2 {
				if err := in.Heal(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			in.Renew = func(context.Context) error { return nil }
			eventually.Nil(t, sees(func(e faults.Effect) bool { return e.Gone }))
		})
	}
}

// TestSharedBrokerGoesOnWithTheLastHolder: the release of one arm leaves the pause to the others.
func TestSharedBrokerGoesOnWithTheLastHolder(t *testing.T) {
	var h holders
	freed, held := 0, 0
	free := func() error { freed++; return nil }
	hold := func() error { held++; return nil }
	h.add("a")
	h.add("b")
	h.add("a")
	for _, step := range []struct {
		arm         string
		freed, held int
	}{{"a", 0, 0}, {"a", 0, 0}, {"b", 1, 0}, {"b", 1, 0}} {
		if err := h.drop(step.arm, free); err != nil || freed != step.freed {
			t.Errorf("after the release of %s: freed %d times, %v", step.arm, freed, err)
		}
		if err := h.keep(step.arm, hold); err != nil || held != step.held {
			t.Errorf("%s holds what it has released", step.arm)
		}
	}
	h.add("a")
	broken := fmt.Errorf("no answer")
	if err := h.drop("a", func() error { return broken }); err == nil {
		t.Error("no error")
	}
	if err := h.drop("a", free); err != nil || freed != 2 {
		t.Errorf("a second try: freed %d times, %v", freed, err)
	}
}

// TestBackingHasItsLeversOnly: what a container engine can do is for the arm's own services.
func TestBackingHasItsLeversOnly(t *testing.T) {
	a := &arm{}
	for name, ok := range map[string]bool{lever.PauseBroker: true, lever.PoisonRecord: true, lever.AskGroup: true, lever.Pause: false, lever.Deliver: false} {
		if err := a.Reach("backing", name); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
