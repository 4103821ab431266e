package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/child"
)

//go:embed scripts/*.js
var scripts embed.FS

// peer is a load generator that is compared.
type peer struct {
	name   string
	script string // of k6, in scripts; "": vegeta
	// persoTimes: the script's requests are in perso_req_duration, and perso_req_lag says how late each was sent; else they are in
	// http_req_duration.
	persoTimes bool
	journeys   bool // an iteration is a journey; else a request
}

// Peers.
var (
	drive       = peer{name: "drive()", script: "drive.js", persoTimes: true}
	journeyPeer = peer{name: "journey()", script: "journey.js", persoTimes: true, journeys: true}
	visit       = peer{name: "visit()", script: "visit.js", persoTimes: true}
	stock       = peer{name: "stock k6", script: "http.js"}
	stockWalk   = peer{name: "stock k6, the same journey", script: "http-journey.js", journeys: true}
	stockClosed = peer{name: "stock k6, closed: one VU that sleeps", script: "http-closed.js"}
	vegetaPeer  = peer{name: "vegeta"}
)

// perJourney is how many requests a journey makes on average: TestRequestsPerJourney holds it.
const perJourney = 9.9

// clickShare is the share of slates that are clicked on the target, whose slates are nobody's favourites.
const clickShare = 0.24

// load is what a peer is asked for.
type load struct {
	rate    float64       // requests per second
	length  time.Duration // of the load
	vus     int           // of k6
	think   float64       // of journeys: 1 is a shopper in a hurry, 0 none at all
	flags   []string      // more of k6's
	record  bool          // --out perso
	crowded bool          // the target counts sessions
}

// vusFor are enough VUs for a rate: each may be busy for a tenth of a second, and there are fifty more.
func vusFor(rate float64) int { return 50 + int(rate/10) }

// launched is a peer that is putting load on its own target.
type launched struct {
	peer
	load
	target, process *child.Process
	url, dir        string
}

// Files of a peer, in its directory.
const (
	summaryFile = "summary.json"
	recordFile  = "record.hlog"
)

// launch starts a target and a peer with its files in dir. Close ends both.
func launch(ctx context.Context, p peer, l load, vegeta, dir string) (_ *launched, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if err := unpack(dir); err != nil {
		return nil, err
	}
	out := &launched{peer: p, load: l, dir: dir}
	defer func() {
		if err != nil {
			out.Close()
		}
	}()
	serve := []string{roleServe}
	if l.crowded {
		serve = append(serve, "--sessions")
	}
	out.target, err = child.Start(child.Spec{Name: "target", Path: self, Args: serve, Env: child.Environ(nil), Ready: true})
	if err != nil {
		return nil, err
	}
	ready, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	addresses, err := out.target.Ready(ready)
	if err != nil {
		return nil, err
	}
	out.url = addresses["http"]
	spec := child.Spec{Name: p.name, Dir: dir, Env: child.Environ(nil), Path: vegeta, Args: l.vegetaArgs(out.url)}
	if p.script != "" {
		spec.Path, spec.Args = self, l.k6Args(p, out.url)
	}
	out.process, err = child.Start(spec)
	return out, err
}

// unpack writes the scripts into a directory.
func unpack(dir string) error {
	below, err := fs.Sub(scripts, "scripts")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, below)
}

func (l load) k6Args(p peer, url string) []string {
	iterations := l.rate
	if p.journeys {
		iterations /= perJourney
	}
	args := []string{roleK6, "run", "--quiet", "--no-usage-report", "--address=", "--summary-export", summaryFile}
	for _, v := range []struct {
		name  string
		value any
	}{
		{"TARGET", url}, {"RATE", l.rate}, {"ITERATIONS", iterations}, {"SECONDS", math.Ceil(l.length.Seconds())}, {"VUS", l.vus},
		{"THINK", l.think}, {"CLICKS", clickShare},
	} {
		args = append(args, "-e", fmt.Sprintf("%s=%v", v.name, v.value))
	}
	if l.record {
		args = append(args, "--out", "perso="+recordFile)
	}
	return append(append(args, l.flags...), p.script)
}

func (l load) vegetaArgs(url string) []string {
	return []string{
		"-url", url + "/v1/recommend", "-rate", strconv.Itoa(int(l.rate)), "-for", time.Duration(math.Ceil(l.length.Seconds()) * float64(time.Second)).String(),
		"-body", `{"session":"s","user":"","channel":"web","slots":5,"placement":"home"}`, "-out", summaryFile,
	}
}

// Close ends both processes.
func (l *launched) Close() {
	for _, p := range []*child.Process{l.process, l.target} {
		if p != nil {
			p.Stop(time.Second)
		}
	}
}

// ask gets something from the target.
func (l *launched) ask(ctx context.Context, method, path string, to any) error {
	req, err := http.NewRequestWithContext(ctx, method, l.url+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("target: %s: %s", path, resp.Status)
	}
	if to == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(to)
}

// served is how many requests the target has answered.
func (l *launched) served(ctx context.Context) (n int64, err error) {
	err = l.ask(ctx, http.MethodGet, countPath, &n)
	return n, err
}

// startWithin is how long a peer may take to its first request.
const startWithin = 5 * time.Minute

// started waits for the first request.
func (l *launched) started(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startWithin, fmt.Errorf("%s: no request within %s: %s", l.name, startWithin, l.process.Tail()))
	defer cancel()
	for {
		if n, err := l.served(ctx); err != nil || n > 0 {
			return err
		}
		if err := l.wait(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// wait waits for a time, and is an error if the peer ends before.
func (l *launched) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-l.process.Done():
		return l.tooLate(l.process.Lost())
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// memory is the anonymous resident memory of the peer, now and at its largest, bytes.
func (l *launched) memory() (now, peak int64, err error) {
	now, peak, err = child.Memory(l.process.PID)
	return now, peak, l.tooLate(err)
}

// tooLate explains an error: the peer had ended already.
func (l *launched) tooLate(err error) error {
	select {
	case <-l.process.Done():
		if err != nil && l.process.Err() == nil {
			return fmt.Errorf("%s ended before it was measured: the machine is too busy to tell its cost", l.name)
		}
	default:
	}
	return err
}

// endWithin is how much longer than its load a peer may take to end.
const endWithin = 3 * time.Minute

// ended waits until the peer has ended in order.
func (l *launched) ended(ctx context.Context) error {
	timer := time.NewTimer(l.length + endWithin)
	defer timer.Stop()
	select {
	case <-l.process.Done():
		if l.process.Err() != nil {
			return l.process.Lost()
		}
		return nil
	case <-timer.C:
		return fmt.Errorf("%s has not ended %s after its load: %s", l.name, endWithin, l.process.Tail())
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// told is what a peer says of its load; times in seconds, NaN where it does not say.
type told struct {
	requests, dropped, failed float64
	p99, p999, longest        float64
	lag50, lag99              float64
}

// tells reads what a peer that has ended says.
func (l *launched) tells() (told, error) {
	text, err := os.ReadFile(filepath.Join(l.dir, summaryFile))
	if err != nil {
		return told{}, err
	}
	if l.script == "" {
		return vegetaTells(text)
	}
	return k6Tells(text, l.persoTimes)
}

// vegetaTells reads the report of bench-vegeta. Vegeta drops nothing by intention; what it did not come to in its time counts as dropped.
func vegetaTells(text []byte) (told, error) {
	var r struct{ Planned, Sent, Failed, LagP50, LagP99, P99, P999, Longest float64 }
	if err := json.Unmarshal(text, &r); err != nil {
		return told{}, fmt.Errorf("vegeta's report: %w", err)
	}
	return told{
		requests: r.Sent, dropped: max(r.Planned-r.Sent, 0), failed: r.Failed,
		p99: r.P99 / 1e9, p999: r.P999 / 1e9, longest: r.Longest / 1e9, lag50: r.LagP50 / 1e9, lag99: r.LagP99 / 1e9,
	}, nil
}

// k6Tells reads a summary of k6 (--summary-export).
func k6Tells(text []byte, persoTimes bool) (told, error) {
	var file struct {
		Metrics map[string]map[string]any `json:"metrics"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return told{}, fmt.Errorf("k6's summary: %w", err)
	}
	value := func(metric, what string, missing float64) float64 {
		if v, ok := file.Metrics[metric][what].(float64); ok {
			return v
		}
		return missing
	}
	none := math.NaN()
	duration, failed := "http_req_duration", "http_req_failed"
	t := told{lag50: none, lag99: none}
	if persoTimes {
		duration, failed = "perso_req_duration", "perso_req_failed"
		t.lag50, t.lag99 = value("perso_req_lag", "med", none)/1e3, value("perso_req_lag", "p(99)", none)/1e3
	}
	t.requests = value(duration, "count", 0)
	if t.requests == 0 {
		return t, errors.New("k6's summary: no request was answered")
	}
	t.p99, t.p999, t.longest = value(duration, "p(99)", none)/1e3, value(duration, "p(99.9)", none)/1e3, value(duration, "max", none)/1e3
	t.failed = value(failed, "passes", 0) // k6 counts values that are not 0 as passes
	t.dropped = value("dropped_iterations", "count", 0) + value("perso_dropped", "count", 0)
	return t, nil
}

// vegetaFlag is the flag for the vegeta that is compared.
const vegetaFlag = "vegeta"

// checkVegeta makes the path absolute. If the file is missing, the error says how to make it.
func checkVegeta(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", usage("--%s: there is no program at %s: `make bench-load` builds it, from %s", vegetaFlag, path, "cmd/bench-load/vegeta")
	}
	return filepath.Abs(path)
}

// scratch is an empty directory, and what removes it.
func scratch() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "bench-load-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// fileName makes a name of a peer one of a directory.
func fileName(parts ...string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.Join(parts, "-"))
}
