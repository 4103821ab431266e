package result

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func profiledRun(t *testing.T) string {
	t.Helper()
	w := begun(t)
	p := CPUProfile{Arm: "off", Service: "gateway", Start: time.Unix(1_700_000_000, 0), Length: 5 * time.Second, Load: 6 * time.Second, Sent: 600, CPU: time.Second}
	with, without := p, p
	with.Text = []byte("profile")
	without.Service, without.Missing = "model", "no answer"
	for _, p := range []CPUProfile{with, without} {
		if err := w.CPUProfile(p); err != nil {
			t.Fatal(err)
		}
	}
	for what, change := range map[string]func(*CPUProfile){
		"neither file nor reason": func(*CPUProfile) {},
		"an arm of nobody":        func(p *CPUProfile) { p.Arm, p.Missing = "other", "x" },
		"no length":               func(p *CPUProfile) { p.Length, p.Missing = 0, "x" },
		"a shorter load":          func(p *CPUProfile) { p.Load, p.Missing = time.Second, "x" },
		"more failed than sent":   func(p *CPUProfile) { p.Failed, p.Missing = 601, "x" },
		"a file elsewhere":        func(p *CPUProfile) { p.File = "../profiles/off-gateway-1.pb.gz" },
	} {
		bad := p
		if change(&bad); w.CPUProfile(bad) == nil {
			t.Errorf("%s is written", what)
		}
	}
	if err := w.Finish(func(r *Run) { r.Status = Complete }); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}

func TestCPUProfiles(t *testing.T) {
	d, err := Read(profiledRun(t))
	if err != nil || len(d.CPUProfiles) != 2 || len(d.Notes) != 0 {
		t.Fatalf("%+v, notes %q, error %v", d.CPUProfiles, d.Notes, err)
	}
	if p := d.CPUProfiles[0]; string(p.Text) != "profile" || p.File != "profiles/off-gateway-1.pb.gz" || p.Bytes != 7 || p.Sent != 600 {
		t.Errorf("got %+v", p)
	}
	if p := d.CPUProfiles[1]; p.Text != nil || p.Missing != "no answer" {
		t.Errorf("got %+v", p)
	}
}

// TestCPUProfilesGone: a profile that is lost or changed costs itself, and nothing else of the run.
func TestCPUProfilesGone(t *testing.T) {
	for name, tt := range map[string]struct {
		put  func(path string) error
		want string
	}{
		"gone":       {os.Remove, "no such file"},
		"changed":    {func(path string) error { return os.WriteFile(path, []byte("other"), 0o600) }, "is not as the run wrote it"},
		"too large":  {func(path string) error { return os.Truncate(path, MostProfile+1) }, "reads at most"},
		"a link out": {func(path string) error { _ = os.Remove(path); return os.Symlink("/etc/hostname", path) }, "leads out of the directory"},
	} {
		dir := profiledRun(t)
		if err := tt.put(filepath.Join(dir, "profiles", "off-gateway-1.pb.gz")); err != nil {
			t.Fatal(err)
		}
		d, err := Read(dir)
		if err != nil || d.CPUProfiles[0].Text != nil || !strings.Contains(d.CPUProfiles[0].Missing, tt.want) || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], tt.want) {
			t.Errorf("%s: %+v, notes %q, error %v", name, d, d.Notes, err)
		}
	}
	dir := profiledRun(t)
	edit(t, filepath.Join(dir, ProfilesFile), func(s string) string { return strings.Replace(s, `"sent":600`, `"sent":60`, 1) })
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "profiles.jsonl has") {
		t.Errorf("a changed line: error %v", err)
	}
}
