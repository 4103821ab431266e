package rules_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	promrules "github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/tsdb"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/testenv/rules"
)

// Every evaluation of a simulation is one step: 30 s as the pack is written, 500 ms when it is lapsed by 60.
const (
	perSecond = 40 // recommendations
	factor    = 60
	before    = 100 // steps before a fault begins: more than the baseline windows take
	during    = 60  // steps for which it lasts
)

// world is what one step of the stack is like; a fault changes it.
type world struct {
	known        float64 // share of decisions for visitors that the stack knows
	lowConfident float64 // share of known visitors who get default content for low confidence
	missing      float64 // share of known visitors without an age
	modelTimeout float64 // share of decisions that the model is late for
	clicks       float64 // click-through
	psi, age     float64 // drift; mean event age, seconds
	lag          float64 // records
	failed       float64 // share of failing requests
	probe        float64
	blind        bool // no telemetry of the services arrives
	sampled      float64
}

func healthy() world {
	return world{known: 0.7, lowConfident: 0.2, modelTimeout: 0.002, clicks: 0.5, psi: 0.02, age: 0.05, lag: 20, probe: 1, sampled: 1}
}

func TestPack(t *testing.T) {
	full := []string{alerts.Outside, alerts.Metrics, alerts.Logs, alerts.Traces}
	for _, tt := range []struct {
		name    string
		signals []string
		steps   int // of the fault; 0: during
		fault   func(w *world)
		want    []string
	}{
		{"clean", full, 1200, func(*world) {}, nil},
		{"clean without instrumentation", full[:1], 0, func(*world) {}, nil},
		{"probe", full, 0, func(w *world) { w.probe = 0 }, []string{"ServiceDown"}},
		{"errors", full, 0, func(w *world) { w.failed = 0.15 }, []string{"AvailabilityBurn", "HighErrorRate"}},
		{"lag", full, 0, func(w *world) { w.lag, w.age = 400, 6 }, []string{"ConsumerLagHigh", "EventAgeHigh"}},
		{"lag seen from outside", full[:1], 0, func(w *world) { w.lag, w.age = 400, 6 }, []string{"ConsumerLagHigh"}},
		{"drift", full, 0, func(w *world) { w.psi = 0.6 }, []string{"InputDrift"}},
		{"taste", full, 0, func(w *world) { w.clicks = 0.3 }, []string{"ClickThroughLow"}},
		{"attribute missing", full, 0, func(w *world) { w.missing = 0.5 },
			[]string{"DefaultContentHigh", "DefaultContentReason", "FallbackSpansHigh", "MissingAttributeLogged", "ProfileAttributeMissing"}},
		{"attribute missing, metrics only", full[:2], 0, func(w *world) { w.missing = 0.5 },
			[]string{"DefaultContentHigh", "DefaultContentReason", "ProfileAttributeMissing"}},
		{"attribute missing, no traces", full[:3], 0, func(w *world) { w.missing = 0.5 },
			[]string{"DefaultContentHigh", "DefaultContentReason", "MissingAttributeLogged", "ProfileAttributeMissing"}},
		// One trace in a hundred does not carry the alert on spans.
		{"attribute missing, 1 % of traces", full, 0, func(w *world) { w.missing, w.sampled = 0.5, 0.01 },
			[]string{"DefaultContentHigh", "DefaultContentReason", "MissingAttributeLogged", "ProfileAttributeMissing"}},
		{"model late", full, 0, func(w *world) { w.modelTimeout = 0.3 }, []string{"DefaultContentHigh", "DefaultContentReason", "FallbackSpansHigh"}},
		{"blind", full, 0, func(w *world) { w.blind = true }, []string{"MetricVanished", "PipelineBlind"}},
		// There was nothing to go blind.
		{"blind without instrumentation", full[:1], 0, func(w *world) { w.blind = true }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, step := range []time.Duration{30 * time.Second, 500 * time.Millisecond} {
				t.Run(step.String(), func(t *testing.T) {
					t.Parallel()
					early, late := simulate(t, step, cmp.Or(tt.steps, during), tt.signals, tt.fault)
					if len(early) > 0 {
						t.Errorf("fired before the fault: %v", early)
					}
					if !slices.Equal(late, tt.want) {
						t.Errorf("fired %v, want %v", late, tt.want)
					}
				})
			}
		})
	}
}

// simulate runs the pack, lapsed to fit the step, over a healthy stretch and a fault, and lists what fired in each.
func simulate(t *testing.T, step time.Duration, steps int, signals []string, fault func(*world)) (early, late []string) {
	t.Helper()
	h := newHistory(t, step, signals)
	groups := load(t, h.db, step)
	w := healthy()
	fired := map[string]bool{}
	var firedEarly, firedLate []string
	for i := range before + steps {
		if i == before {
			fault(&w)
		}
		h.append(t, w)
		for _, g := range groups {
			if time.Duration(i)*step%g.Interval() != 0 { // as a rule manager does
				continue
			}
			g.Eval(context.Background(), h.now)
			for _, r := range g.AlertingRules() {
				if r.LastError() != nil {
					t.Fatalf("%s: %v", r.Name(), r.LastError())
				}
				if r.State() != promrules.StateFiring || fired[r.Name()] || r.Name() == "Watchdog" { // which always fires
					continue
				}
				fired[r.Name()] = true
				if i < before {
					firedEarly = append(firedEarly, r.Name())
				} else {
					firedLate = append(firedLate, r.Name())
				}
			}
		}
	}
	slices.Sort(firedLate)
	return firedEarly, firedLate
}

// load makes rule groups of the pack, lapsed so that its 30 s are one step.
func load(t *testing.T, db *tsdb.DB, step time.Duration) []*promrules.Group {
	t.Helper()
	pack, err := alerts.Load("perso.yaml", rules.Pack)
	if err != nil {
		t.Fatal(err)
	}
	by := float64(30*time.Second) / float64(step)
	lapsed := pack.Lapse(by, 3*step)
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, lapsed.Text, 0o644); err != nil {
		t.Fatal(err)
	}
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, LookbackDelta: 10 * step})
	t.Cleanup(func() { _ = engine.Close() })
	manager := promrules.NewManager(&promrules.ManagerOptions{
		ExternalURL: &url.URL{}, Context: context.Background(), Appendable: db, Queryable: db,
		QueryFunc:  promrules.EngineQueryFunc(engine, db),
		NotifyFunc: func(context.Context, string, ...*promrules.Alert) {},
	})
	byName, errs := manager.LoadGroups(step, labels.EmptyLabels(), "", nil, false, file)
	if errs != nil {
		t.Fatal(errs)
	}
	var groups []*promrules.Group
	for _, name := range sortedKeys(byName) {
		groups = append(groups, byName[name])
	}
	return groups
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// history is the series of one arm, as its pipeline would store them.
type history struct {
	db       *tsdb.DB
	rng      *rand.Rand
	now      time.Time
	step     time.Duration
	signals  []string
	counters map[string]float64 // by series in text form; a counter exists from its first event on
	pending  map[string]float64 // to be appended in this step
}

func newHistory(t *testing.T, step time.Duration, signals []string) *history {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &history{
		db: db, rng: rand.New(rand.NewPCG(1, 2)), now: time.UnixMilli(1_700_000_000_000), step: step,
		signals: signals, counters: map[string]float64{}, pending: map[string]float64{},
	}
}

// append adds one step of a world, drawn with its natural chance.
func (h *history) append(t *testing.T, w world) {
	t.Helper()
	h.now = h.now.Add(h.step)
	clear(h.pending)
	h.outside(w)
	if !w.blind {
		h.instrumented(w)
	}
	app := h.db.Appender(context.Background())
	for series, v := range h.pending {
		if _, err := app.Append(0, parse(series), h.now.UnixMilli(), v); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
}

func (h *history) outside(w world) {
	h.set("probe_success,service=gateway", w.probe)
	h.set("kafka_consumergroup_lag,consumergroup=full.ingest,topic=full.events,partition=0", w.lag/2+float64(h.rng.IntN(10)))
	h.set("kafka_consumergroup_lag,consumergroup=full.ingest,topic=full.events,partition=1", w.lag/2+float64(h.rng.IntN(10)))
	requests := h.poisson(2 * perSecond * h.step.Seconds())
	h.add("loadgen_requests_total,step=recommend", requests)
	h.add("loadgen_failed_total", h.binomial(requests, w.failed))
	h.keep("loadgen_failed_total")
}

// instrumented adds what the services export, as far as the level exports it.
func (h *history) instrumented(w world) {
	n := h.poisson(perSecond * h.step.Seconds())
	known := h.binomial(n, w.known)
	missing := h.binomial(known, w.missing)
	timeouts := h.binomial(n, w.modelTimeout)
	confident := h.binomial(max(known-missing, 0), 1-w.lowConfident)
	clicks := h.binomial(n, w.clicks)
	reasons := map[string]float64{
		"none": confident, "unknown-user": n - known, "attribute-missing": missing,
		"low-confidence": max(known-missing-confident, 0), "model-timeout": timeouts,
	}
	if slices.Contains(h.signals, alerts.Metrics) {
		for reason, count := range reasons {
			h.add("perso_decisions_total,perso_channel=web,perso_reason="+reason, count)
		}
		h.add("http_server_request_duration_seconds_count,job=perso/gateway", n)
		h.add("perso_feature_missing_total,perso_feature=age", missing)
		h.set("perso_feature_psi,perso_feature=age", w.psi)
		h.add("perso_impressions_total,perso_content=personalized", n)
		h.add("perso_clicks_total,perso_content=personalized", clicks)
		h.add("perso_event_age_seconds_count,messaging_destination_name=full.events", n)
		h.add("perso_event_age_seconds_sum,messaging_destination_name=full.events", n*w.age*2*h.rng.Float64())
	}
	for reason, count := range reasons {
		if slices.Contains(h.signals, alerts.Logs) && reason != "none" {
			h.add("perso_log_records_total,service_name=decision,perso_reason="+reason, count)
		}
		if slices.Contains(h.signals, alerts.Traces) && reason != "none" {
			h.add("perso_span_fallbacks_total,perso_reason="+reason, h.binomial(count, w.sampled))
		}
	}
}

func (h *history) set(series string, v float64) { h.pending[series] = v }

// add counts; nothing is stored of a counter that has never counted.
func (h *history) add(series string, n float64) {
	if h.counters[series] += n; h.counters[series] > 0 {
		h.pending[series] = h.counters[series]
	}
}

// keep stores a counter even at zero.
func (h *history) keep(series string) { h.pending[series] = h.counters[series] }

func (h *history) poisson(mean float64) float64 {
	return distuv.Poisson{Lambda: mean, Src: h.rng}.Rand()
}

func (h *history) binomial(n, p float64) float64 {
	if n <= 0 || p <= 0 {
		return 0
	}
	return distuv.Binomial{N: n, P: p, Src: h.rng}.Rand()
}

// parse reads NAME,LABEL=VALUE,….
func parse(series string) labels.Labels {
	parts := strings.Split(series, ",")
	pairs := []string{model.MetricNameLabel, parts[0]}
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		pairs = append(pairs, name, value)
	}
	return labels.FromStrings(pairs...)
}

// Every alert has a summary and says what it needs, and what it says is what its metrics need.
func TestAnnotations(t *testing.T) {
	pack, err := alerts.Load("perso.yaml", rules.Pack)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := alerts.Load("bare.yaml", []byte(strings.ReplaceAll(string(rules.Pack), "needs:", "told:")))
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range pack.Alerts() {
		if a.Summary == "" {
			t.Errorf("%s has no summary", a.Name)
		}
		if derived := bare.Alerts()[i].Needs; derived != a.Needs {
			t.Errorf("%s says that it needs %s, its metrics need %s", a.Name, a.Needs, derived)
		}
	}
	// What the time-lapse leaves as it is: numbers of events, such as the least of impressions, on which min_impressions stands, and
	// ages and durations, which are those of real seconds.
	var noted []string
	for _, n := range pack.Lapse(factor, 1500*time.Millisecond).Notes {
		for _, r := range n.Rules {
			noted = append(noted, r.Rule)
		}
	}
	want := []string{
		"UserLatencyHigh", "ServiceLatencyHigh", "DependencyLatencyHigh", "EventAgeHigh", "ProfileUpdatesStale", "EventAgeChannel", "LogsLate",
		"ErrorSpansRare", "ClickThroughLow", "ClickThroughAboveBelief", "SampleRatioMismatch", "PartitionStalled",
		"SpansPerRequestHigh",
	}
	if slices.Sort(noted); !slices.Equal(noted, slices.Sorted(slices.Values(want))) {
		t.Errorf("notes on %v, want %v", noted, want)
	}
}
