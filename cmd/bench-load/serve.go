package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/api"
)

// Paths of the target that its load does not ask for.
const (
	countPath = "/bench/count" // how many requests it answered: a number
	stallPath = "/bench/stall" // POST ?for=1s: it answers nothing in that time
	logPath   = "/bench/log"   // what it saw: a serverLog
	crowdPath = "/bench/crowd" // how many sessions were on at once: a number
)

// mostLogged is how many requests the target keeps times of; those of further ones are not kept.
const mostLogged = 200_000

// target answers like the gateway of the stack, at once and without thinking. It is what all peers put load on.
type target struct {
	requests atomic.Int64
	stall    atomic.Pointer[chan struct{}] // closed at the end of the stall that is on; nil: none is
	mu       sync.Mutex                    // guards what follows
	log      serverLog
	now, old map[string]string // users by session; the older ones go once there are many
	crowd    *sessions         // nil: they are not counted
}

// serverLog is what the target saw, in ns since the epoch by its own clock.
type serverLog struct {
	StallFrom, StallTo int64
	Requests           []served
}

// served is one request: when the target had read it, and when it had written the answer.
type served struct{ Came, Left int64 }

// mostBody is how many bytes the body of a request may have.
const mostBody = 1 << 20

// mostSessions is how many sessions the target remembers for sure.
const mostSessions = 50_000

func newTarget() *target { return &target{now: map[string]string{}, old: map[string]string{}} }

func (b *bench) serveCommand() *cobra.Command {
	count := false
	c := &cobra.Command{
		Use: roleServe, Short: "The target", Hidden: true, Args: noWords,
		RunE: func(c *cobra.Command, _ []string) error {
			t := newTarget()
			if count {
				t.crowd = &sessions{from: map[string]int64{}, to: map[string]int64{}}
			}
			ctx, end := context.WithCancel(c.Context())
			go func() { // the parent holds the other end
				var one [1]byte
				_, _ = os.Stdin.Read(one[:])
				end()
			}()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			return api.Serve(ctx, api.Server(t, mostBody), listener, func() error {
				return child.Announce(b.stdout, map[string]string{"http": "http://" + listener.Addr().String()})
			})
		},
	}
	c.Flags().BoolVar(&count, "sessions", false, "count the sessions that are on at once")
	return c
}

// ServeHTTP implements http.Handler.
func (t *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case countPath:
		_, _ = fmt.Fprint(w, t.requests.Load())
		return
	case stallPath:
		t.stop(w, r)
		return
	case logPath:
		t.mu.Lock()
		defer t.mu.Unlock()
		_ = json.NewEncoder(w).Encode(t.log)
		return
	case crowdPath:
		t.mu.Lock()
		defer t.mu.Unlock()
		_ = json.NewEncoder(w).Encode(t.crowd.most())
		return
	}
	came := time.Now().UnixNano()
	if stall := t.stall.Load(); stall != nil {
		<-*stall
	}
	session := t.answer(w, r)
	t.requests.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	left := time.Now().UnixNano()
	if len(t.log.Requests) < mostLogged {
		t.log.Requests = append(t.log.Requests, served{came, left})
	}
	if t.crowd != nil {
		t.crowd.saw(session, came, left)
	}
}

// stop makes the target stall, and answers when it no longer does.
func (t *target) stop(w http.ResponseWriter, r *http.Request) {
	length, err := time.ParseDuration(r.URL.Query().Get("for"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	over := make(chan struct{})
	from := time.Now()
	t.stall.Store(&over)
	time.Sleep(time.Until(from.Add(length)))
	t.stall.Store(nil)
	close(over)
	to := time.Now()
	t.mu.Lock()
	t.log.StallFrom, t.log.StallTo = from.UnixNano(), to.UnixNano()
	t.mu.Unlock()
}

// answer is that of the gateway (docs/stack.md). It returns the session that asked.
func (t *target) answer(w http.ResponseWriter, r *http.Request) (session string) {
	var body struct {
		Session, User string
		Slots         int
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return ""
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/v1/login":
		t.link(body.Session, body.User)
		_, _ = fmt.Fprintf(w, `{"user":%q}`, body.User)
	case "/v1/events":
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write([]byte("{}"))
	case "/v1/recommend":
		n := t.requests.Load()
		out := make([]byte, 0, 256)
		out = append(out, `{"request_id":"`...)
		out = strconv.AppendInt(out, n, 10)
		out = append(out, `","user":`...)
		out = strconv.AppendQuote(out, t.user(body.Session))
		out = append(out, `,"items":[`...)
		for k := range min(max(body.Slots, 0), 50) {
			if k > 0 {
				out = append(out, ',')
			}
			out = append(out, `"i`...)
			out = strconv.AppendInt(out, (n*7+int64(k)*13)%200, 10)
			out = append(out, '"')
		}
		out = append(out, `],"variant":"a","reason":""}`...)
		_, _ = w.Write(out)
	default:
		http.NotFound(w, r)
	}
	return body.Session
}

// link remembers who a session belongs to.
func (t *target) link(session, user string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.now) >= mostSessions {
		t.now, t.old = map[string]string{}, t.now
	}
	t.now[session] = user
}

// user is who a session belongs to; "": nobody knows.
func (t *target) user(session string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if user, ok := t.now[session]; ok {
		return user
	}
	return t.old[session]
}

// sessions are when sessions began and ended, as far as a target can see.
type sessions struct{ from, to map[string]int64 }

// saw takes a request of a session.
func (s *sessions) saw(session string, came, left int64) {
	if _, known := s.from[session]; !known {
		s.from[session] = came
	}
	s.to[session] = left
}

// most is the largest number of sessions between whose first request and last answer one moment lies.
func (s *sessions) most() int {
	if s == nil {
		return 0
	}
	type change struct {
		at int64
		by int
	}
	var changes []change
	for session, from := range s.from {
		changes = append(changes, change{from, 1}, change{s.to[session], -1})
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.at, b.at), b.by-a.by) })
	on, most := 0, 0
	for _, c := range changes {
		on += c.by
		most = max(most, on)
	}
	return most
}
