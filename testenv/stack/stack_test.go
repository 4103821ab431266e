package stack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

const (
	testToken        = "test-token"
	testBackingToken = "token-of-the-backing"
	testUsers        = 60
	testItems        = 40
	testSeed         = 11
)

// deployed is one arm, every role in a goroutine of its own.
type deployed struct {
	t    *testing.T
	urls map[string]string
	addr map[string]string // of backing
}

// launched waits for a role's ready line.
func launched(t *testing.T, role Role, cfg Config) func() map[string]string {
	t.Helper()
	read, write := io.Pipe()
	cfg.Stdout, cfg.Stderr = write, os.Stderr
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := role.Run(ctx, cfg)
		_ = write.CloseWithError(fmt.Errorf("%s ended: %w", role.Name, err))
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", role.Name, err)
		}
	})
	return func() map[string]string {
		line, err := bufio.NewReader(read).ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var ready struct {
			Ready bool
			Addr  map[string]string
		}
		if err := json.Unmarshal(line, &ready); err != nil || !ready.Ready {
			t.Fatalf("%s printed %q", role.Name, line)
		}
		return ready.Addr
	}
}

func roleNamed(t *testing.T, name string) Role {
	t.Helper()
	for _, r := range Roles() {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no role %s", name)
	return Role{}
}

// deploy starts all roles together, on inherited listeners, as the process environment does.
func deploy(t *testing.T, change func(role string, cfg *Config)) *deployed {
	t.Helper()
	backing := Config{Config: role.Config{Arms: []string{"arm"}, BackingToken: testBackingToken, Listen: role.DefaultListen, Token: testToken}, Level: Level{Off: true}}
	d := &deployed{t: t, urls: map[string]string{}}
	d.addr = launched(t, roleNamed(t, "backing"), backing)()
	d.urls["backing"] = "http://" + d.addr["http"]

	names := role.Services()
	listen := map[string]string{}
	for _, name := range names {
		listen[name], d.urls[name] = inherited(t)
	}
	var waits []func() map[string]string
	for _, name := range names {
		cfg := Config{Level: Level{Off: true}, Config: role.Config{
			Arm: "arm", Listen: listen[name], DecisionURL: d.urls["decision"], ModelURL: d.urls["model"], ProfileURL: d.urls["profile"],
			Brokers: []string{d.addr[role.BrokerAddr("arm")]}, RedisAddr: d.addr[role.StoreAddr("arm")],
			BackingToken: testBackingToken,
			Seed:         testSeed, Users: testUsers, Items: testItems, Token: testToken,
		}}
		if change != nil {
			change(name, &cfg)
		}
		waits = append(waits, launched(t, roleNamed(t, name), cfg))
	}
	for _, wait := range waits {
		wait()
	}
	return d
}

// inherited opens a listener in the form in which a parent process passes it to a child.
func inherited(t *testing.T) (listen, base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("fd:%d", fd), "http://" + l.Addr().String()
}

// call makes a request and decodes the answer.
func (d *deployed) call(method, role, path string, in, out any) (int, http.Header) {
	d.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		d.t.Fatal(err)
	}
	req, err := http.NewRequest(method, d.urls[role]+path, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			d.t.Fatalf("%s %s: %s: %v", method, path, text, err)
		}
	}
	return resp.StatusCode, resp.Header
}

// must is call for requests that have to succeed.
func (d *deployed) must(method, role, path string, in, out any) {
	d.t.Helper()
	var answer json.RawMessage
	if status, _ := d.call(method, role, path, in, &answer); status >= 300 {
		d.t.Fatalf("%s %s %s: %d %s", method, role, path, status, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *deployed) recommend(session, user string) recommendAnswer {
	d.t.Helper()
	var answer recommendAnswer
	d.must("POST", "gateway", "/v1/recommend", recommendRequest{Session: session, User: user, Channel: "web", Slots: 5, Placement: "home"}, &answer)
	return answer
}

func (d *deployed) profile(user string) profileAnswer {
	d.t.Helper()
	var answer profileAnswer
	d.must("GET", "profile", "/v1/profile?"+url.Values{"user": {user}}.Encode(), nil, &answer)
	return answer
}

// defaults counts the users that get default content, by reason.
func (d *deployed) defaults() map[string]int {
	d.t.Helper()
	counts := map[string]int{}
	for i := range testUsers {
		counts[d.recommend(fmt.Sprintf("s-%d", i), fmt.Sprintf("u%d", i)).Reason]++
	}
	return counts
}

// journey plays one user through the stack: anonymous, logged in, seen on another channel, clicking.
func (d *deployed) journey() {
	t := d.t
	t.Helper()
	anonymous := d.recommend("s1", "")
	if anonymous.Reason != reasonUnknownUser || anonymous.User != "" || len(anonymous.Items) != 5 || anonymous.RequestID == "" {
		t.Errorf("anonymous: got %+v", anonymous)
	}
	d.must("POST", "gateway", "/v1/login", loginRequest{Session: "s1", User: "u3", Channel: "web"}, nil)
	known := d.recommend("s1", "")
	if known.Reason != "" || known.User != "u3" || len(known.Items) != 5 || known.ModelVersion == "" || known.Confidence <= 0 {
		t.Fatalf("logged in: got %+v", known)
	}
	if stranger := d.recommend("s2", "u999999"); stranger.Reason != reasonUnknownUser || stranger.User != "u999999" {
		t.Errorf("without a profile: got %+v", stranger)
	}
	pop := population.New(testSeed, testUsers, testItems)
	item, _ := pop.Item(known.Items[0])
	before := d.profile("u3").Clicks[item.Category]
	for _, e := range []event{
		{Type: "impression", Items: known.Items},
		{Type: "click", Item: item.ID, DwellMS: 1200},
		{Type: "purchase", Item: item.ID},
	} {
		// Only the link of the session identifies the user.
		e.Session, e.Channel, e.RequestID, e.Variant, e.Reason = "s1", "app", known.RequestID, known.Variant, known.Reason
		if status, _ := d.call("POST", "gateway", "/v1/events", e, nil); status != http.StatusAccepted {
			t.Errorf("%s: got %d, want %d", e.Type, status, http.StatusAccepted)
		}
	}
	eventually.True(t, "the click reaches the profile", func() bool {
		p := d.profile("u3")
		return p.Clicks[item.Category] == before+1 && p.SeenMS > 0
	})
}

func TestJourneyAndMissingAttribute(t *testing.T) {
	d := deploy(t, nil)
	d.journey()

	if counts := d.defaults(); counts[""] != testUsers {
		t.Fatalf("before the fault: %v, want personalized content for all", counts)
	}
	d.must("PUT", "etl", "/control/alter-profiles?lease=1m", map[string]any{"attribute": "age", "share": 0.5, "change": "drop"}, nil)
	var delivered struct{ Records int }
	d.must("POST", "etl", "/control/deliver", struct{}{}, &delivered)
	if delivered.Records != testUsers {
		t.Errorf("delivered %d records, want %d", delivered.Records, testUsers)
	}
	var audit struct{ Users, Missing int }
	eventually.True(t, "profiles lack their age", func() bool {
		d.must("POST", "profile", "/control/audit", map[string]string{"attribute": "age"}, &audit)
		return audit.Missing > testUsers/4
	})
	if audit.Users != testUsers {
		t.Errorf("audit sees %d users, want %d", audit.Users, testUsers)
	}
	eventually.True(t, "default content for those without age", func() bool {
		d.must("POST", "profile", "/control/audit", map[string]string{"attribute": "age"}, &audit)
		counts := d.defaults()
		return counts[reasonMissing] == audit.Missing && counts[""] == testUsers-audit.Missing
	})
	d.must("DELETE", "etl", "/control/alter-profiles", nil, nil)
	d.must("POST", "etl", "/control/deliver", struct{}{}, nil)
	eventually.True(t, "all personalized again", func() bool { return d.defaults()[""] == testUsers })
}

func TestRefreshHealsByItself(t *testing.T) {
	d := deploy(t, func(_ string, cfg *Config) { cfg.Refresh = 2000 })
	d.must("PUT", "etl", "/control/alter-profiles?lease=1m", map[string]any{"attribute": "tier", "share": 1, "change": "drop"}, nil)
	eventually.True(t, "the refresh drops the attribute", func() bool { return d.recommend("s", "u1").Reason == reasonMissing })
	d.must("PUT", "etl", "/control/alter-profiles?lease=20ms", map[string]any{"attribute": "tier", "share": 1, "change": "drop"}, nil)
	eventually.True(t, "the refresh brings it back", func() bool { return d.recommend("s", "u1").Reason == "" })
}

func TestGatewayRefusesBadRequests(t *testing.T) {
	d := deploy(t, func(_ string, cfg *Config) { cfg.Spin = time.Millisecond })
	for _, test := range []struct {
		path, says string
		body       any
	}{
		{"/v1/recommend", "channel", recommendRequest{Session: "s", Channel: "fax", Slots: 5}},
		{"/v1/recommend", "slots", recommendRequest{Session: "s", Channel: "web", Slots: 21}},
		{"/v1/recommend", "session", recommendRequest{Channel: "web", Slots: 5}},
		{"/v1/recommend", "JSON", "no object"},
		{"/v1/login", "user", loginRequest{Session: "s", Channel: "web"}},
		{"/v1/events", "type", event{Type: "glance", Session: "s", Channel: "web"}},
		{"/v1/events", "item", event{Type: "click", Session: "s", Channel: "web"}},
		{"/v1/events", "JSON", event{Type: "click", Session: strings.Repeat("x", bodyLimit), Channel: "web"}},
	} {
		var answer struct{ Error string }
		if status, _ := d.call("POST", "gateway", test.path, test.body, &answer); status != http.StatusBadRequest || !strings.Contains(answer.Error, test.says) {
			t.Errorf("%s %.80v: got %d %q, want 400 and %q", test.path, test.body, status, answer.Error, test.says)
		}
	}
	_, header := d.call("POST", "gateway", "/v1/recommend", recommendRequest{Session: "s", User: "u1", Channel: "web", Slots: 5}, nil)
	var spun int64
	if _, err := fmt.Sscan(header.Get("X-Perso-Spun-Ns"), &spun); err != nil || spun < int64(time.Millisecond) {
		t.Errorf("spun %d ns, want at least 1 ms", spun)
	}
}
