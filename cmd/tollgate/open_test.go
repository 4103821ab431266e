package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/images"
)

const (
	openPage = "../../docs/open-a-run.md"
	// envTools turns commands of the page that are skipped, since their program is not there, into failures.
	envTools = "TOLLGATE_REQUIRE_TOOLS"
	// envJar is where HdrHistogram's jar is, if not where Debian has it, as the page says.
	envJar    = "HDRHISTOGRAM_JAR"
	debianJar = "/usr/share/java/hdrhistogram.jar"
)

// openRun is a run with all that the page opens, small.
const openRun = `profile: smoke
levels: [off, full]
faults: [consumer-lag]
toll: {launches: 2, rounds: 2, warmup: 200ms, slot: 300ms}
catch: {settle: 1s, clean: 1s, hold: 4s, clear: 1s}
`

// commandBlocks are the commands of a page, and the output that it shows under them.
type commandBlocks struct{ commands, output []string }

// blocksOf reads the blocks of a page: a block of commands, and the block of output that follows before the next commands.
func blocksOf(text string) []commandBlocks {
	var out []commandBlocks
	for _, block := range regexp.MustCompile("(?ms)^```(sh)?\n(.*?)\n```$").FindAllStringSubmatch(text, -1) {
		lines := strings.Split(block[2], "\n")
		if block[1] == "sh" {
			out = append(out, commandBlocks{commands: lines})
		} else if n := len(out); n > 0 {
			out[n-1].output = lines
		}
	}
	return out
}

// label is how a line of output begins, as far as it is the same in every run: to the first digit.
func label(line string) string {
	if i := strings.IndexAny(line, "0123456789"); i >= 0 {
		line = line[:i]
	}
	return strings.Join(strings.Fields(line), " ")
}

// TestOpenARun carries out every command of the page on a real run, and looks in what it prints for the labels of what the page
// shows.
func TestOpenARun(t *testing.T) {
	text, err := os.ReadFile(openPage)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "run.yaml"), []byte(openRun), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command("tollgate", "run", "run.yaml", "--out", "runs/RUN")
	run.Dir = dir
	if out, err := run.CombinedOutput(); err != nil && !slices.Contains([]int{exitInconclusive, exitInvalid}, run.ProcessState.ExitCode()) {
		t.Fatalf("%v: %s", err, out)
	}
	tools := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", tools+"/", "golang.org/x/perf/cmd/benchstat").CombinedOutput(); err != nil {
		t.Fatalf("benchstat: %v: %s", err, out)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", strings.Join([]string{tools, filepath.Join(root, "bin"), os.Getenv("PATH")}, string(filepath.ListSeparator)))
	tried := 0
	for _, b := range blocksOf(string(text)) {
		printed, whole := "", true
		for _, command := range b.commands {
			ok := t.Run(strings.Join(strings.Fields(command)[:2], " "), func(t *testing.T) { printed += carryOut(t, dir, command); tried++ })
			whole = whole && ok && printed != ""
		}
		printed = strings.Join(strings.Fields(printed), " ")
		for _, line := range b.output {
			if l := label(line); whole && l != "…" && !strings.Contains(printed, l) {
				t.Errorf("the output that the page shows under %q has a line %q; now there is none:\n%s", b.commands[0], l, printed)
			}
		}
	}
	if tried < 10 {
		t.Errorf("only %d commands", tried)
	}
}

// carryOut runs one command of the page and returns what it prints.
func carryOut(t *testing.T, dir, command string) string {
	t.Helper()
	program := strings.Fields(command)[0]
	if program == "docker" {
		return openInPrometheus(t, dir, command)
	}
	_, err := exec.LookPath(program)
	if strings.Contains(command, debianJar) {
		jar := cmp.Or(os.Getenv(envJar), debianJar)
		_, noJar := os.Stat(jar)
		command, err = strings.ReplaceAll(command, debianJar, jar), errors.Join(err, noJar)
	}
	if err != nil {
		missing := fmt.Sprintf("%v: for promtool see `make tools`; for Java, jq and HdrHistogram apt-get install default-jre-headless jq libhdrhistogram-java, or set %s", err, envJar)
		if os.Getenv(envTools) == "1" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	shell := exec.Command("bash", "-c", command)
	shell.Dir = dir
	var stdout, stderr bytes.Buffer
	shell.Stdout, shell.Stderr = &stdout, &stderr
	if err := shell.Run(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, stderr.String())
	}
	quiet := program == "cp" || strings.Contains(command, "-o full") || strings.Contains(command, "firing") // an alert may not fire
	if stdout.Len() == 0 && !quiet {
		t.Errorf("%s prints nothing: %s", command, stderr.String())
	}
	return stdout.String()
}

// openInPrometheus carries out the command that starts Prometheus in a container, at a port that is free, and asks it for what
// the run has recorded.
func openInPrometheus(t *testing.T, dir, command string) string {
	t.Helper()
	enginetest.Images(t, enginetest.Open(t), "prometheus")
	if ref := (images.Choice{}).Ref("prometheus"); !strings.HasSuffix(command, ref) {
		t.Errorf("the page opens the run with another Prometheus than %s: %s", ref, command)
	}
	free := strings.NewReplacer("docker run --rm", "docker run --rm -d", "127.0.0.1:9090:9090", "127.0.0.1::9090").Replace(command)
	sh := func(line string) string {
		shell := exec.Command("bash", "-c", line)
		shell.Dir = dir
		out, err := shell.Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return strings.TrimSpace(string(out))
	}
	id := sh(free)
	defer func() { sh("docker rm -f " + id) }()
	addr, _, _ := strings.Cut(sh("docker port "+id+" 9090"), "\n")
	data, err := result.Read(filepath.Join(dir, "runs/RUN"))
	if err != nil {
		t.Fatal(err)
	}
	end := data.Slots[len(data.Slots)-1].Start // in the catch, which comes last
	query := "http://" + addr + "/api/v1/query?" + url.Values{
		"query": {`count({job="outside"})`}, "time": {end.Format(time.RFC3339)},
	}.Encode()
	var answer string
	eventually.True(t, "Prometheus answers with the series of the run", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, query, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		var got struct{ Data struct{ Result []any } }
		answer = string(text)
		return err == nil && json.Unmarshal(text, &got) == nil && len(got.Data.Result) == 1
	})
	return answer
}
