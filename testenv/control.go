package testenv

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// controls talks to /control/ of the roles. Its limit is what a service that is alive needs to answer.
var controls = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2}}

// roles are the roles of one arm, as far as their control endpoints are concerned.
type roles struct {
	arm   string
	token string
	url   func(role string) (base string, ok bool)
}

// runtimes asks every service for what its runtime reports, all at once.
func (r roles) runtimes(ctx context.Context) (map[string]result.Runtime, error) {
	out := make([]result.Runtime, len(services))
	group, ctx := errgroup.WithContext(ctx)
	for i, service := range services {
		group.Go(func() error { return r.call(ctx, http.MethodPost, service, "runtime", struct{}{}, &out[i]) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	reported := map[string]result.Runtime{}
	for i, service := range services {
		reported[service] = out[i]
	}
	return reported, nil
}

// call makes one request to the control endpoint of a role.
func (r roles) call(ctx context.Context, method, role, path string, params, out any) error {
	base, ok := r.url(role)
	if !ok {
		return fmt.Errorf("testenv: arm %s has no %q to control", r.arm, role)
	}
	body, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("testenv: %s/%s: %w", role, path, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, base+"/control/"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("testenv: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := controls.Do(req)
	if err != nil {
		return fmt.Errorf("testenv: %s of arm %s: %w", role, r.arm, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("testenv: %s of arm %s: %w", role, r.arm, err)
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("testenv: %s of arm %s: %s %s: %s: %s", role, r.arm, method, path, resp.Status, strings.TrimSpace(string(answer)))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("testenv: %s of arm %s: %s: %w", role, r.arm, path, err)
	}
	return nil
}
