package testenv

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/internal/result"
)

func TestLevels(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(-[0-9]+)?$`)
	seen := map[string]bool{}
	for i, l := range Levels() {
		if !name.MatchString(l.Name) || seen[l.Name] || l.Title == "" {
			t.Errorf("level %+v", l)
		}
		seen[l.Name] = true
		if off := l.Env["OTEL_SDK_DISABLED"] == "true"; off != (i == 0) {
			t.Errorf("%s: SDK disabled: %t; only the first level is the one without", l.Name, off)
		}
		for key := range l.Env {
			if !strings.HasPrefix(key, "OTEL_") && !strings.HasPrefix(key, "PERSO_") {
				t.Errorf("%s: variable %s", l.Name, key)
			}
		}
		again, err := Level(l.Name)
		if err != nil || again.Title != l.Title {
			t.Errorf("%s cannot be looked up: %v", l.Name, err)
		}
	}
	_, err := Level("loud")
	for want := range seen {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not list %s", err, want)
		}
	}
}

func TestAPortInUseIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, _, err = inherit(taken.Addr().String())
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "another port") {
		t.Errorf("error %v", err)
	}
}

// TestALaunchThatFailsNamesTheProcess: whoever ends before it is ready is named, and nothing is left.
func TestALaunchThatFailsNamesTheProcess(t *testing.T) {
	binary, err := exec.LookPath("false")
	if err != nil {
		t.Skipf("no program that fails: %v", err)
	}
	env := &Process{Binary: binary}
	_, err = env.Launch(t.Context(), Spec{Arms: []ArmSpec{{Arm: result.Arm{Name: "off", Level: "off"}}}})
	if err == nil || !strings.Contains(err.Error(), Backing+" ended by itself (exit status 1)") {
		t.Errorf("error %v", err)
	}
}

// TestOutsideView: what the load generator saw is there to be scraped, before and without the arm itself.
func TestOutsideView(t *testing.T) {
	o, err := newOutside()
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	v := o.add("full", kgo.SeedBrokers("127.0.0.1:1"))
	v.observe(Observed{Steps: map[string]int64{"click": 2}, Failed: 1})
	v.observe(Observed{Steps: map[string]int64{"click": 3}, Dropped: 4})
	resp, err := http.Get(o.url("full"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`loadgen_requests_total{step="click"} 5`, "loadgen_failed_total 1", "loadgen_dropped_total 4"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestCheckSaysWhatIsShort(t *testing.T) {
	if err := (&Process{}).Check(t.Context(), 1_000_000); err == nil || !strings.Contains(err.Error(), "--levels") {
		t.Errorf("a million arms: error %v", err)
	}
}
