package testenv

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
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

func TestCheckSaysWhatIsShort(t *testing.T) {
	if err := Room(1_000_000); err == nil || !strings.Contains(err.Error(), "--levels") {
		t.Errorf("a million arms: error %v", err)
	}
}

func TestUsageAdds(t *testing.T) {
	u := NewUsage()
	u.Add("telemetry", time.Second, 10, 20)
	u.Add("telemetry", time.Second, 1, 2)
	u.Add("gateway", time.Second, 5, 6)
	u.Add("gateway", time.Second, 5, 0) // not known of one part: not known of the service
	u.Add("gateway", time.Second, 5, 7)
	u.Backing(time.Minute)
	want := Usage{
		CPU: map[string]time.Duration{"telemetry": 2 * time.Second, "gateway": 3 * time.Second, "backing": time.Minute},
		RSS: map[string]int64{"telemetry": 11, "gateway": 15}, Peak: map[string]int64{"telemetry": 22}, Throttled: map[string]int64{},
	}
	if !reflect.DeepEqual(u, want) {
		t.Errorf("got %+v, want %+v", u, want)
	}
}
