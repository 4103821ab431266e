package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Deployments of one run of the usual way, in their order.
const (
	usualA = "off"
	usualB = "off-again"
	usualC = "known-delay"
)

// usualFile is the file that a complete run of the usual way has.
const usualFile = "usual.json"

// usualRun is one run of the usual way.
type usualRun struct {
	Origin      origin        `json:"origin"`
	Seed        int64         `json:"seed"`
	Load        time.Duration `json:"load"`     // ns, of each deployment
	Warmup      time.Duration `json:"warmup"`   // ns, before it
	Journeys    int           `json:"journeys"` // that start per second
	Delay       string        `json:"delay"`    // slug of the known delay
	Deployments []deployment  `json:"deployments"`
}

// deployment is one stack and k6's results for it.
type deployment struct {
	Name    string    `json:"name"`
	Spun    float64   `json:"spun,omitempty"` // seconds; mean of the time that the gateway says it spins
	Summary summary   `json:"summary"`
	Samples []float64 `json:"samples"` // seconds; every request of the recommend step
}

// write is the last step of a run: a directory that has the file is complete.
func (u *usualRun) write(dir string) error {
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	return files.Write(filepath.Join(dir, usualFile), text)
}

func usualComplete(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, usualFile))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// readUsualRuns reads the complete runs of the usual way in dir, in their order.
func readUsualRuns(dir string) ([]*usualRun, error) {
	files, err := filepath.Glob(filepath.Join(dir, "usual-[0-9][0-9][0-9]", usualFile))
	if err != nil {
		return nil, err
	}
	var out []*usualRun
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		u := new(usualRun)
		if err := json.Unmarshal(text, u); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(u.Deployments) != 3 {
			return nil, fmt.Errorf("%s: want 3 deployments, got %d", file, len(u.Deployments))
		}
		out = append(out, u)
	}
	return out, nil
}

// versionOf asks a tollgate binary for its version.
func versionOf(ctx context.Context, binary string) (string, error) {
	out, err := exec.CommandContext(ctx, binary, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", binary, err)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(out), "tollgate ")), nil
}

// spunRequests is how many requests askSpun makes.
const spunRequests = 200

// askSpun returns the mean of the time that a gateway says it spins, in seconds, over some requests besides the load.
func askSpun(ctx context.Context, gateway string) (float64, error) {
	body := []byte(`{"session":"bench-verdict","channel":"web","slots":5,"placement":"home"}`)
	client := &http.Client{Timeout: 5 * time.Second}
	sum := 0.0
	for range spunRequests {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, gateway+"/v1/recommend", bytes.NewReader(body))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return 0, err
		}
		spun, ok := slot.Spun(resp.Header)
		if !ok || resp.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("the gateway answered %s without saying what it spun (%s)", resp.Status, slot.SpunHeader)
		}
		sum += float64(spun)
	}
	return sum / spunRequests / 1e9, nil
}
