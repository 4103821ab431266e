package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/crash"
)

// TestMain lets the test binary play the children of the tests.
func TestMain(m *testing.M) {
	switch os.Getenv("CHILD") {
	case "":
		os.Exit(m.Run())
	case "good": // ready, then until its stdin or a SIGTERM ends it
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, syscall.SIGTERM)
		fmt.Println("a line before")
		fmt.Println(`{"ready":true,"addr":{"http":"127.0.0.1:1"}}`)
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			ended <- syscall.SIGTERM
		}()
		<-ended
		fmt.Fprintln(os.Stderr, "ended in order")
	case "dying":
		fmt.Fprintln(os.Stderr, "the port is taken")
		os.Exit(7)
	case "crashing": // after enough lines that the last ones alone would not say why
		fmt.Fprintln(os.Stderr, "an ordinary line")
		for range 200 {
			go func() { select {} }()
		}
		debug.SetTraceback("all")
		panic("postgres://app:hunter2@db is gone")
	case "deaf": // neither its stdin nor SIGTERM ends it
		signal.Ignore(syscall.SIGTERM)
		fmt.Println(`{"ready":true,"addr":{}}`)
		time.Sleep(time.Minute)
	case "silent": // never ready
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "spinning":
		fmt.Println(`{"ready":true,"addr":{}}`)
		for begin := time.Now(); time.Since(begin) < time.Minute; {
		}
	case "parent": // starts a child, freezes it, says its id, and waits to be killed
		p, err := Start(spec("deaf"))
		if err != nil {
			panic(err)
		}
		if _, err := p.Ready(context.Background()); err != nil {
			panic(err)
		}
		if err := p.Freeze(); err != nil {
			panic(err)
		}
		fmt.Println(p.PID)
		time.Sleep(time.Minute)
	}
}

func spec(kind string) Spec {
	return Spec{Name: "the " + kind + " one", Path: os.Args[0], Env: Environ(map[string]string{"CHILD": kind}), Ready: true}
}

func begin(t *testing.T, s Spec) *Process {
	t.Helper()
	p, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(0) })
	return p
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestReadyAndStop(t *testing.T) {
	var log bytes.Buffer
	s := spec("good")
	s.Log = &log
	p := begin(t, s)
	addr, err := p.Ready(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	if addr["http"] != "127.0.0.1:1" {
		t.Errorf("addresses %v", addr)
	}
	p.Stop(20 * time.Second)
	if p.Err() != nil || !p.Stopping() {
		t.Errorf("stopped: err %v, stopping %t", p.Err(), p.Stopping())
	}
	if got := log.String(); !strings.Contains(got, "ended in order") || !strings.Contains(got, "a line before") {
		t.Errorf("log %q", got)
	}
	p.Stop(0) // twice is no error
}

func TestAChildThatDiesIsQuoted(t *testing.T) {
	_, err := begin(t, spec("dying")).Ready(soon(t))
	for _, want := range []string{"the dying one", "exit status 7", "the port is taken"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestACrashIsToldByItsCause: the panic and the function of ours, however many lines the runtime writes after them.
func TestACrashIsToldByItsCause(t *testing.T) {
	_, err := begin(t, spec("crashing")).Ready(soon(t))
	if err == nil {
		t.Fatal("no error")
	}
	for want, in := range map[string]bool{
		"the crashing one ended by itself (exit status 2): panic: postgres://[redacted]@db is gone": true,
		"in internal/child.TestMain, child_test.go:":                                                true, "an ordinary line": false, "created by": false, "goroutine": false,
	} {
		if strings.Contains(err.Error(), want) != in {
			t.Errorf("%q in the error: %t, want %t:\n%v", want, !in, in, err)
		}
	}
}

func TestAKilledChildIsNotBlamed(t *testing.T) {
	p := begin(t, spec("deaf"))
	if _, err := p.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	want := "the deaf one ended by itself (signal: killed: " + crash.Killed + "); it logged nothing"
	if got := p.Lost().Error(); got != want {
		t.Errorf("lost: %s\nwant: %s", got, want)
	}
}

// TestTheCauseStandsAlone: a child that is not ready because something else was lost is not the news.
func TestTheCauseStandsAlone(t *testing.T) {
	s := spec("silent")
	p := begin(t, s)
	ctx, cancel := context.WithCancelCause(t.Context())
	lost := errors.New("k6 ended by itself")
	cancel(lost)
	if _, err := p.Ready(ctx); err != lost {
		t.Errorf("error %v, want %v alone", err, lost)
	}
	late, stop := context.WithTimeoutCause(t.Context(), time.Millisecond, errors.New("the launch took too long"))
	defer stop()
	if _, err := p.Ready(late); err == nil || !strings.Contains(err.Error(), "the silent one is not ready: the launch took too long") {
		t.Errorf("error %v, want one that says who was late", err)
	}
}

func TestADeafChildIsKilled(t *testing.T) {
	p := begin(t, spec("deaf"))
	if _, err := p.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	p.Stop(10 * time.Millisecond)
	select {
	case <-p.Done():
	default:
		t.Error("Stop returned before the child was gone")
	}
}

func TestAFrozenChildUsesNothingAndCanBeStopped(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("freezing is Linux only")
	}
	p := begin(t, spec("spinning"))
	if _, err := p.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	moved := func(from time.Duration) bool {
		now, err := CPU(p.PID)
		if err != nil {
			t.Fatal(err)
		}
		return now > from
	}
	wait(t, "CPU time while it runs", func() bool { return moved(0) })
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	wait(t, "the state T", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
		return err == nil && strings.Contains(string(stat), ") T ")
	})
	// A thread that had no core when the signal came stops once it gets one, so the time may move a little after the state T.
	frozen, still := time.Duration(-1), 0
	wait(t, "ten readings without CPU time", func() bool {
		now, err := CPU(p.PID)
		if err != nil {
			t.Fatal(err)
		}
		if still++; now != frozen {
			frozen, still = now, 0
		}
		return still == 10
	})
	if err := p.Thaw(); err != nil {
		t.Fatal(err)
	}
	wait(t, "CPU time after the thaw", func() bool { return moved(frozen) })
	if now, peak, err := Memory(p.PID); err != nil || now <= 0 || peak < now {
		t.Errorf("memory %d, peak %d, %v", now, peak, err)
	}
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	p.Stop(20 * time.Second)
}

// TestNoOrphans: the kernel ends even a frozen, deaf child when its parent is killed.
func TestNoOrphans(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the parent-death signal is Linux only")
	}
	parent := exec.Command(os.Args[0])
	parent.Env = Environ(map[string]string{"CHILD": "parent"})
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	wait(t, "the end of child "+strconv.Itoa(pid), func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(stat), ") Z ") // gone, or not yet reaped by init
	})
}

func TestEnvironScrubs(t *testing.T) {
	t.Setenv("K6_VUS", "9")
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("KEPT", "yes")
	env := strings.Join(Environ(map[string]string{"PERSO_ARM": "full"}), "\n")
	for want, in := range map[string]bool{"K6_VUS": false, "OTEL_TRACES": false, "KEPT=yes": true, "PERSO_ARM=full": true} {
		if strings.Contains(env, want) != in {
			t.Errorf("%s in the environment: %t, want %t", want, !in, in)
		}
	}
}

// wait waits for a condition, with a limit.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not seen within 20 s", what)
		}
	}
}
