package flame

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/tollgate-dev/tollgate/internal/flame/flametest"
)

func TestRead(t *testing.T) {
	got, err := Read(flametest.Profile(
		flametest.Stack{Calls: "main.main;main.work", Samples: 3},
		flametest.Stack{Calls: "runtime.mcall", Samples: 1},
	))
	if err != nil || len(got) != 2 {
		t.Fatalf("got %+v: %v", got, err)
	}
	if s := got[0]; s.Count != 3 || s.CPU != 30*time.Millisecond || len(s.Frames) != 2 || s.Frames[0].Function != "main.work" || s.Frames[0].Package != "main" {
		t.Errorf("got %+v", s)
	}
}

// TestReadReal: what the Go runtime writes is read.
func TestReadReal(t *testing.T) {
	var out bytes.Buffer
	if err := pprof.StartCPUProfile(&out); err != nil {
		t.Skip("somebody else profiles this test: ", err)
	}
	for sum := range 1_000_000 { // work of some 100 ms, and no stretch of time, of which a busy machine may give this process nothing
		_ = fmt.Sprint(sum)
	}
	pprof.StopCPUProfile()
	got, err := Read(out.Bytes())
	if err != nil || len(got) == 0 {
		t.Fatalf("%d samples: %v", len(got), err)
	}
	for _, s := range got {
		if g := GroupOf(s.Frames); s.CPU != time.Duration(s.Count)*10*time.Millisecond || g == transport || g == export {
			t.Errorf("sample of group %s: %+v", g, s)
		}
	}
}

func zipped(text []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(text)
	_ = z.Close()
	return out.Bytes()
}

// TestReadRefuses: whatever a server answers that is no CPU profile.
func TestReadRefuses(t *testing.T) {
	with := func(change func(p *profile.Profile)) []byte {
		p, err := profile.ParseData(flametest.Profile(flametest.Stack{Calls: "main.main", Samples: 3}))
		if err != nil {
			t.Fatal(err)
		}
		change(p)
		var out bytes.Buffer
		if err := p.Write(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	good := flametest.Profile(flametest.Stack{Calls: "main.main", Samples: 3})
	for _, c := range []struct {
		name, want string
		text       []byte
	}{
		{"nothing", "it is empty", nil},
		{"a page", "no CPU profile", []byte("<html>not here</html>")},
		{"a zipped page", "no CPU profile", zipped([]byte("<html>"))},
		{"cut off", "no CPU profile", good[:len(good)/2]},
		{"a bomb", "more than 67108864 bytes", zipped(make([]byte, mostRead+1))},
		{"a heap profile", "want a value of type cpu", with(func(p *profile.Profile) { p.SampleType[1].Type = "inuse_space" })},
		{"an odd unit", "want a value of type cpu", with(func(p *profile.Profile) { p.SampleType[1].Unit = "fortnights" })},
		{"a negative time", "a sample of -1", with(func(p *profile.Profile) { p.Sample[0].Value[1] = -1 })},
		{"more than fits", "a sample of 9223372036854775807", with(func(p *profile.Profile) { p.Sample[0].Value[1] = 1<<63 - 1 })},
		{"a negative count", "a sample that counts -2", with(func(p *profile.Profile) { p.Sample[0].Value[0] = -2 })},
	} {
		if got, err := Read(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d samples, error %v", c.name, len(got), err)
		}
	}
	// Values in another unit, and no count: samples follow from the period.
	micro := with(func(p *profile.Profile) {
		p.SampleType = []*profile.ValueType{{Type: "cpu", Unit: "microseconds"}}
		p.Sample[0].Value = []int64{50_000}
	})
	if got, err := Read(micro); err != nil || len(got) != 1 || got[0].CPU != 50*time.Millisecond || got[0].Count != 5 {
		t.Errorf("got %+v: %v", got, err)
	}
}

func TestFrameOf(t *testing.T) {
	for _, c := range []struct{ name, pkg, function string }{
		{"main.main", "main", "main.main"},
		{"github.com/redis/go-redis/v9.(*Client).Process", "github.com/redis/go-redis/v9", "v9.(*Client).Process"},
		{"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3", "yaml%2ev3.Unmarshal"},
		{"example.com/x.Do[github.com/other/pkg.T]", "example.com/x", "x.Do[github.com/other/pkg.T]"}, // the type has a path of its own
		{"runtime.mallocgc", "runtime", "runtime.mallocgc"},
		{"aeshashbody", "", "aeshashbody"},                                 // assembly
		{"std::vector<int>::push_back", "", "std::vector<int>::push_back"}, // C++
		{"handler (/app/server.js)", "", "handler (/app/server.js)"},
		{"", "", ""},
		{".x", "", ".x"},
	} {
		if f := frameOf(c.name); f.Package != c.pkg || f.Function != c.function {
			t.Errorf("%q: package %q, function %q", c.name, f.Package, f.Function)
		}
	}
	if f := frameOf(strings.Repeat("é", 500)); len(f.Function) > mostName+len("…") || !strings.HasSuffix(f.Function, "é…") {
		t.Errorf("%d bytes: %q", len(f.Function), f.Function)
	}
}

func TestGroupOf(t *testing.T) {
	const conn, serve = "net/http.(*conn).serve;", "net/http.(*conn).serve;go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp.(*middleware).serveHTTP;"
	for calls, want := range map[string]string{
		conn + "shop/cart.Add;encoding/json.Marshal;runtime.mallocgc":                                                                           app,
		serve + "example.com/shop.handle;strings.Repeat":                                                                                        app, // and not that of the middleware around it
		serve + "net/http.Header.Clone":                                                                                                         middleware,
		serve + "go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).End":                                                                       sdk,
		"github.com/redis/go-redis/v9.(*baseClient).process;net.(*conn).Write;syscall.write":                                                    stores,
		"github.com/redis/go-redis/extra/redisotel/v9.(*tracingHook).ProcessHook.func1;fmt.Sprintf":                                             middleware,
		"log/slog.(*Logger).Info;go.opentelemetry.io/contrib/bridges/otelslog.(*Handler).Handle":                                                logging,
		"example.com/shop.handle;log/slog.(*Logger).Info;time.Now":                                                                              logging,
		"go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).processQueue":                                                                 sdk,
		"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp.(*client).UploadTraces;net/http.(*Client).Do;crypto/tls.(*Conn).Write": export,
		"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp.(*client).UploadTraces;google.golang.org/protobuf/proto.Marshal":       encoding,
		"go.opentelemetry.io/otel/exporters/otlp/otlptrace/internal/tracetransform.Spans;runtime.mallocgc":                                      encoding,
		"example.com/shop.handle;google.golang.org/protobuf/proto.Marshal":                                                                      app, // its own protocol buffers
		"google.golang.org/protobuf/proto.Marshal":                                                                                              app,
		conn + "bufio.(*Reader).Peek":                                                                                                           transport,
		"net/http.(*persistConn).writeLoop;net.(*conn).Write":                                                                                   transport,
		"google.golang.org/grpc/internal/transport.(*loopyWriter).run":                                                                          transport,
		"runtime.gcBgMarkWorker;runtime.gcDrain":                                                                                                collection,
		"example.com/shop.handle;runtime.mallocgc;runtime.gcAssistAlloc":                                                                        collection,
		"runtime.bgsweep;runtime.sweepone":                                                                                                      collection,
		"runtime.mcall;runtime.schedule;runtime.findRunnable":                                                                                   scheduler,
		"runtime/pprof.profileWriter;compress/flate.(*compressor).write":                                                                        profiler,
		"aeshashbody": app,
		"std::sort":   app,
		"golang.org/x/net/http2.(*Framer).ReadFrame": transport,
		"golang.org/x/text/unicode/norm.Form.String": scheduler, // nobody of whom it is known has called it
		"logistics.Plan": app, // not the package log
	} {
		all, err := Read(flametest.Profile(flametest.Stack{Calls: calls, Samples: 1}))
		if err != nil {
			t.Fatal(err)
		}
		if got := GroupOf(all[0].Frames); got != want {
			t.Errorf("%s: %s, want %s", calls, got, want)
		}
	}
	if got := GroupOf(nil); got != scheduler {
		t.Errorf("no stack: %s", got)
	}
	known := map[string]bool{}
	for _, g := range Groups() {
		known[g.ID] = true
	}
	for _, r := range rules() {
		if !known[r.group] {
			t.Errorf("%s: there is no group %s", r.path, r.group)
		}
	}
}

func TestTree(t *testing.T) {
	read, err := Read(flametest.Profile(
		flametest.Stack{Calls: "net/http.serve;net/http.do;shop/x.Handle;shop/x.part;runtime.mallocgc", Samples: 60},
		flametest.Stack{Calls: "net/http.serve;shop/x.Handle", Samples: 30},
		flametest.Stack{Calls: "runtime.mcall", Samples: 9},
	))
	if err != nil {
		t.Fatal(err)
	}
	var tree Tree
	tree.Add("shop", read)
	var told []string
	var tell func(n *Node, depth int)
	tell = func(n *Node, depth int) {
		told = append(told, fmt.Sprintf("%d %s %s %d %v", depth, n.Name, n.Call, n.Count, n.CPU))
		for _, c := range n.Children {
			tell(c, depth+1)
		}
	}
	tell(tree.Root(100, 10), 0)
	want := []string{
		"0   99 990ms", "1 shop  99 990ms", "2 net/http http.serve 90 900ms",
		"3 shop/x x.Handle 90 900ms", "4 runtime runtime.mallocgc 60 600ms", // that of nine samples is too small
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(told, "\n"))
	}
	told = nil
	tell(tree.Root(3, 1), 0)
	if len(told) != 4 {
		t.Errorf("with three boxes: %q", told)
	}
}

// TestGroupsAreDocumented: the page about CPU profiles has a row for every kind of code, in the same order.
func TestGroupsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "cpu-profiles.md"))
	if err != nil {
		t.Fatal(err)
	}
	rest := string(page)
	for _, g := range Groups() {
		_, after, ok := strings.Cut(rest, "\n| "+g.Name+" | ")
		if !ok {
			t.Fatalf("no row for %s, or not in this order", g.Name)
		}
		rest = after
	}
}
