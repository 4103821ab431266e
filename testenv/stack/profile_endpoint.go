package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime/pprof"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// profileEndpoint returns the question of every role that is answered with a CPU profile of the process, which the Go runtime takes
// from now on for the length that is asked for. Two questions at a time get no answer: a process can be profiled only once. A
// process that is not asked does nothing for it.
func profileEndpoint() endpoint {
	return endpoint{name: role.ProfileQuestion, act: func(ctx context.Context, params json.RawMessage) (any, error) {
		var p role.ProfileParams
		if err := decode(params, &p); err != nil {
			return nil, err
		}
		if p.Length < role.LeastProfile || p.Length > role.MostProfile {
			return nil, fmt.Errorf("%w: length must be from %v to %v, got %v", errParams, role.LeastProfile, role.MostProfile, p.Length)
		}
		text, err := profileCPU(ctx, p.Length)
		return role.ProfileAnswer{Profile: text}, err
	}}
}

// profileCPU takes a CPU profile of this process for some time. It is an error if ctx ends before.
func profileCPU(ctx context.Context, length time.Duration) ([]byte, error) {
	var out bytes.Buffer
	if err := pprof.StartCPUProfile(&out); err != nil {
		return nil, err
	}
	select {
	case <-time.After(length):
		pprof.StopCPUProfile()
		return out.Bytes(), nil
	case <-ctx.Done():
		pprof.StopCPUProfile()
		return nil, context.Cause(ctx)
	}
}
