package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary have the roles that bench-load's own has, in processes of their own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == roleK6 || os.Args[1] == roleServe) {
		main()
		return
	}
	os.Exit(m.Run())
}

// buildVegeta builds the vegeta that is compared, which is a module of its own.
func buildVegeta(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bench-vegeta")
	cmd := exec.Command("go", "build", "-C", "vegeta", "-o", out, ".")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	return out
}

// TestBadCommandLines: what is wrong is refused before anything starts, with the legal values.
func TestBadCommandLines(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"race", `unknown command "race"; legal: compare, crowd`},
		{"compare now", `bench-load compare takes no words`},
		{"compare --speed 3", "unknown flag: --speed"},
		{"compare --rates 0", "--rates must be from 1 to 100000 requests per second, got 0"},
		{"compare --rates 1000,1000", "--rates: 1000 is listed twice"},
		{"compare --journey-rates 200000", "--journey-rates must be from 1 to 100000 requests per second, got 200000"},
		{"compare --rates x", "invalid argument"},
		{"compare --turns 0", "--turns must be from 1 to 1000, got 0"},
		{"compare --warmup -1s", "--warmup must be from 0s to 1h, got -1s"},
		{"compare --measured 1ms", "--measured must be from 100ms to 1h, got 1ms"},
		{"compare --vegeta nowhere", "there is no program at nowhere: `make bench-load` builds it"},
		{"stall --rate 1", "--rate must be from 10 to 5000 requests per second, got 1"},
		{"stall --for 2500ms", "--for must be from 2s to 10m, in whole seconds, got 2.5s"},
		{"stall --for 3s --after 2s --stall 1s", "must end half a second before --for, which is 3s, got 2s and 1s"},
		{"memory --for 10s", "--for must be from 1m to 24h, got 10s"},
		{"memory --for 1m --every 10s", "--every must be from 100ms to a fiftieth of --for, which is 1.2s, got 10s"},
		{"memory --rate NaN", "--rate must be from 1 to 20000 requests per second, got NaN"},
		{"crowd --journeys 0", "--journeys must be from 1 to 50000, got 0"},
		{"crowd --think 0", "--think must be from 1 to 1000, got 0"},
		{"crowd --for 1s", "--for must be from 10s to 1h, got 1s"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(c.line), &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), c.want) || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d, %q, want %d and … %s …", c.line, code, stderr.String(), exitUsage, c.want)
		}
	}
}

// rowsOf are the cells of the rows of a markdown table that begin with some cells.
func rowsOf(text string, begins ...string) (out [][]string) {
	prefix := "| " + strings.Join(begins, " | ") + " |"
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			out = append(out, strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | "))
		}
	}
	return out
}
