//go:build !linux

package experiment

import (
	"runtime"

	"github.com/tollgate-dev/tollgate/internal/result"
)

func machine() result.Machine {
	return result.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
}
