//go:build !linux

package child

import (
	"errors"
	"time"
)

// CPU is not known on this system.
func CPU(int) (time.Duration, error) { return 0, errors.ErrUnsupported }

// RSS is not known on this system.
func RSS(int) (int64, error) { return 0, errors.ErrUnsupported }
