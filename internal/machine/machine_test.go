package machine_test

import (
	"runtime"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/machine"
)

func TestSize(t *testing.T) {
	for _, c := range []struct {
		bytes int64
		want  string
	}{
		{0, "0.00 GiB"},
		{256 * machine.MiB, "0.25 GiB"},
		{1864 * machine.MiB, "1.82 GiB"},
		{24_061 * machine.MiB, "23.5 GiB"}, // not 24.1, which a MiB of 10⁶ bytes would make of it
		{10_234 * machine.MiB, "9.99 GiB"},
		{10_236 * machine.MiB, "10.0 GiB"},
		{102_360 * machine.MiB, "100 GiB"},
		{1536 * machine.GiB, "1536 GiB"},
	} {
		if got := machine.Size(c.bytes); got != c.want {
			t.Errorf("%d bytes are %q, want %q", c.bytes, got, c.want)
		}
	}
}

func TestHere(t *testing.T) {
	m := machine.Here()
	if m.OS != runtime.GOOS || m.Arch != runtime.GOARCH || m.Cores < 1 {
		t.Errorf("machine %+v", m)
	}
	if m.Kernel == "" || m.MemoryMiB < 64 {
		t.Errorf("the system tells neither kernel nor memory: %+v", m)
	}
}

func TestAvailable(t *testing.T) {
	free, ok := machine.Available()
	if total := machine.Here().MemoryMiB * machine.MiB; !ok || free <= 0 || free > total {
		t.Errorf("available are %d bytes of %d, known: %v", free, total, ok)
	}
}
