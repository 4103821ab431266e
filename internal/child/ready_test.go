package child

import (
	"bytes"
	"maps"
	"testing"
)

func TestReadyLineBothWays(t *testing.T) {
	want := map[string]string{"http": "127.0.0.1:1", "full/kafka": "127.0.0.1:2"}
	var out bytes.Buffer
	if err := Announce(&out, want); err != nil {
		t.Fatal(err)
	}
	line, rest, _ := bytes.Cut(out.Bytes(), []byte("\n"))
	if got, ok := announced(line); !ok || !maps.Equal(got, want) || len(rest) > 0 {
		t.Errorf("read %v, %t of %q", got, ok, out.Bytes())
	}
	for _, other := range []string{"", "ready", `{"ready":false}`, `{"level":"info"}`, `[1]`} {
		if _, ok := announced([]byte(other)); ok {
			t.Errorf("%q is taken for a ready line", other)
		}
	}
}
