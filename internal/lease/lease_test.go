package lease

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// light is something that is on or off and that takes time to switch. It fails the test if it is switched on twice, or by two
// callers at once.
type light struct {
	t      *testing.T
	takes  time.Duration
	mu     sync.Mutex
	on     bool
	forced int
	healed int
	broken error // of the next heals
}

// set changes how the light behaves from now on.
func (l *light) set(takes time.Duration, broken error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takes, l.broken = takes, broken
}

func (l *light) wait() {
	l.mu.Lock()
	takes := l.takes
	l.mu.Unlock()
	time.Sleep(takes)
}

func (l *light) force() (func() error, error) {
	l.wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on = true
	l.forced++
	return l.heal, nil
}

func (l *light) heal() error {
	l.wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	l.on = false
	l.healed++
	return nil
}

func (l *light) want(on bool, forced, healed int) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.on != on || l.forced != forced || l.healed != healed {
		l.t.Errorf("after %v: on %t, forced %d times, healed %d times; want %t, %d, %d",
			time.Since(begin), l.on, l.forced, l.healed, on, forced, healed)
	}
}

// begin is the time at which every bubble of synctest begins.
var begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestRenewedUntilNobodyDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		l := &light{t: t}
		for range 3 { // two of them renew
			if err := table.Hold("a", 5*time.Second, l.force); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4 * time.Second)
		}
		l.want(true, 1, 0)
		time.Sleep(time.Second - time.Nanosecond)
		l.want(true, 1, 0)
		time.Sleep(2 * time.Nanosecond)
		synctest.Wait()
		l.want(false, 1, 1)
		if err := table.Release("a"); err != nil { // ended twice
			t.Fatal(err)
		}
		l.want(false, 1, 1)
	})
}

// TestRenewedWhileItFires: the timer has fired and waits while a renewal is at work, which must win.
func TestRenewedWhileItFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		l := &light{t: t}
		if err := table.Set("a", 5*time.Second, l.force); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		l.set(2*time.Second, nil) // from 4 s to 6 s; the lease ends at 5 s
		if err := table.Set("a", 5*time.Second, l.force); err != nil {
			t.Fatal(err)
		}
		l.set(0, nil)
		synctest.Wait()
		l.want(true, 2, 0)
		time.Sleep(5*time.Second - time.Nanosecond) // the lease of the renewal
		synctest.Wait()
		l.want(true, 2, 0)
		time.Sleep(2 * time.Nanosecond)
		synctest.Wait()
		l.want(false, 2, 1)
	})
}

// TestRenewedAtTheVeryEnd: the lever is in force afterwards, whether the timer or the renewal comes first.
func TestRenewedAtTheVeryEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			var table Table
			l := &light{t: t}
			if err := table.Hold("a", time.Second, l.force); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if err := table.Hold("a", time.Second, l.force); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if l.mu.Lock(); !l.on || l.forced != l.healed+1 {
				t.Fatalf("on %t, forced %d times, healed %d times", l.on, l.forced, l.healed)
			}
			l.mu.Unlock()
			if err := table.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestReleasedWhileItIsRenewed: the release waits for the renewal and then ends it.
func TestReleasedWhileItIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		l := &light{t: t, takes: time.Second}
		var group sync.WaitGroup
		group.Go(func() {
			if err := table.Set("a", 5*time.Second, l.force); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // it is being forced
		for range 2 {   // the second has nothing to do
			if err := table.Release("a"); err != nil {
				t.Fatal(err)
			}
		}
		group.Wait()
		l.want(false, 1, 1)
		time.Sleep(time.Minute)
		l.want(false, 1, 1)
	})
}

// TestKeysDoNotWaitForEachOther: a slow heal of one key must not delay the renewal of another.
func TestKeysDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		slow, quick := &light{t: t}, &light{t: t}
		if err := errors.Join(table.Hold("slow", time.Second, slow.force), table.Hold("quick", 5*time.Second, quick.force)); err != nil {
			t.Fatal(err)
		}
		slow.set(15*time.Second, nil)
		for range 5 {
			time.Sleep(3 * time.Second)
			if err := table.Hold("quick", 5*time.Second, quick.force); err != nil {
				t.Fatal(err)
			}
		}
		quick.want(true, 1, 0)
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
		quick.want(false, 1, 1)
		time.Sleep(20 * time.Second)
		slow.want(false, 1, 1)
	})
}

// TestWhatCannotBeHealedIsTriedAgain: the next release, and the end of the lease, try a failed heal again.
func TestWhatCannotBeHealedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []string
		table := Table{Failed: func(key string, err error) { said = append(said, key+": "+err.Error()) }}
		broken := errors.New("no answer")
		l := &light{t: t, broken: broken}
		if err := table.Hold("a", time.Second, l.force); err != nil {
			t.Fatal(err)
		}
		if err := table.Release("a"); !errors.Is(err, broken) {
			t.Errorf("a release that failed says %v", err)
		}
		time.Sleep(2*time.Second + time.Nanosecond) // two ends
		synctest.Wait()
		l.want(true, 1, 0)
		if got := strings.Join(said, "; "); got != "a: no answer; a: no answer" {
			t.Errorf("said %q", got)
		}
		l.set(0, nil)
		time.Sleep(time.Second)
		synctest.Wait()
		l.want(false, 1, 1)

		l.set(0, broken)
		if err := table.Hold("b", time.Second, l.force); err != nil {
			t.Fatal(err)
		}
		if err := table.Close(); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		said = nil
		time.Sleep(time.Minute)
		if len(said) > 0 {
			t.Errorf("after the close: %q", said)
		}
	})
}

func TestAForceThatFailsIsHealedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		broken := errors.New("broken halfway")
		l := &light{t: t}
		halfway := func() (func() error, error) {
			heal, _ := l.force()
			return heal, broken
		}
		for range 2 { // nothing of the first bubble stays
			if err := table.Hold("a", time.Minute, halfway); !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		}
		l.want(false, 2, 2)
		// Refused parameters change nothing, and renew nothing.
		if err := table.Set("a", time.Minute, l.force); err != nil {
			t.Fatal(err)
		}
		if err := table.Set("a", time.Minute, func() (func() error, error) { return nil, broken }); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		l.want(true, 3, 2)
		time.Sleep(time.Minute + time.Nanosecond)
		synctest.Wait()
		l.want(false, 3, 3)
	})
}
