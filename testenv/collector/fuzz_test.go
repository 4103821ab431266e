package collector

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// FuzzParseTail: what is read prints and reads back the same, and is within its limits.
func FuzzParseTail(f *testing.F) {
	for _, seed := range []string{"", "errors", "errors,slow=250ms,share=0.1,wait=1s", "share=1e-9", "slow=2540400h", "share=0x1p-2", "errors,errors", "share=0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tail, err := ParseTail(text)
		if err != nil || tail == nil {
			if (err == nil) != (strings.TrimSpace(text) == "") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if tail.Slow < 0 || tail.Share < 0 || tail.Share > 1 || tail.Wait < time.Second || tail.Wait > maxWait {
			t.Errorf("%q: %+v", text, tail)
		}
		if again, err := ParseTail(tail.String()); err != nil || *again != *tail {
			t.Errorf("%q is %+v, and printed and read %+v, %v", text, tail, again, err)
		}
		configure(t, Config{Tail: tail})
	})
}

// FuzzParseTarget: what is read becomes a configuration that is YAML, with the address in it.
func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{"jaeger", "otlp=https://h:4318/x", "otlp:traces+logs", "otlp:traces+traces=a", "grafana=h", "zipkin=${env:HOME}", "clickhouse=tcp://h:9000?a=b", "tempo:logs", " elasticsearch = x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target, err := ParseTarget(text)
		if err != nil {
			if !strings.Contains(err.Error(), "back end") {
				t.Errorf("the error does not speak of back ends: %v", err)
			}
			return
		}
		configure(t, Config{Backends: []Target{target}})
	})
}

// configure fails the test unless the configuration is YAML, with no variable that the Collector would expand.
func configure(t *testing.T, c Config) {
	t.Helper()
	c.HTTP, c.GRPC, c.Prometheus = "127.0.0.1:1", "127.0.0.1:2", "http://127.0.0.1:3"
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Exporters map[string]map[string]any
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	for id, settings := range doc.Exporters {
		for key, value := range settings {
			if s, ok := value.(string); ok && strings.Contains(strings.ReplaceAll(s, "$$", ""), "${") && !strings.Contains(s, "${env:TOLLGATE_") {
				t.Errorf("%s: %s is %q, in which the Collector would expand a variable", id, key, s)
			}
		}
	}
}

// FuzzParseHeaders: headers that are read are written and read the same; an error does not quote a value.
func FuzzParseHeaders(f *testing.F) {
	f.Add("api-key=abc,x=y%20z")
	f.Add("a=b=c, d =")
	f.Fuzz(func(t *testing.T, text string) {
		headers, err := parseHeaders(text)
		if err != nil {
			if _, secret, ok := strings.Cut(text, "="); ok && len(secret) > 12 && strings.Contains(err.Error(), secret) {
				t.Errorf("the error quotes a value: %v", err)
			}
			return
		}
		for name := range headers {
			if name == "" || strings.IndexFunc(name, notInName) >= 0 {
				t.Errorf("%q: a header is called %q", text, name)
			}
		}
	})
}
