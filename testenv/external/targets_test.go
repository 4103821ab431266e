package external

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// TestExternalSupports: what cannot be injected is refused with the key that would make it possible.
func TestExternalSupports(t *testing.T) {
	targets := map[string]string{
		"service-pause": "shop", "cpu-throttle": "shop", "memory-squeeze": "shop", "broker-pause": "kafka", "consumer-stopped": "worker",
		"collector-down": "otelcol", "retry-storm": "redis",
	}
	composed := testenv.System{Compose: testenv.SystemCompose{File: testenv.Files{"c.yaml"}, Service: "shop", Port: 80}, Targets: targets}
	observed := composed
	observed.Prometheus = map[string]testenv.SystemPrometheus{"off": {}, "full": {}}
	ours := composed
	ours.Targets = map[string]string{"collector-down": "telemetry", "cpu-throttle": "telemetry"}
	unnamed := composed
	unnamed.Targets = nil
	urls := testenv.System{URLs: map[string]string{"off": "http://a", "full": "http://b"}, Targets: targets}
	contained := urls
	contained.Containers = map[string]map[string]string{"off": {"shop": "a", "otelcol": "c"}, "full": {"shop": "b", "otelcol": "d"}}
	proxied := urls
	proxied.Proxies = map[string]testenv.SystemProxy{"redis": {}, "kafka": {}, "shop": {}}
	for _, c := range []struct {
		name   string
		system testenv.System
		script bool
		fault  string
		uses   []string
		wrong  string // a piece of the reason; "" for none
	}{
		{"nothing is injected", urls, true, "none", nil, ""},
		{"the target is named", composed, true, "service-pause", []string{"shop/pause"}, ""},
		{"the target has containers", contained, true, "service-pause", []string{"shop/pause"}, ""},
		{"the target has none", urls, true, "service-pause", []string{"shop/pause"}, "no containers of shop are named: external.containers: {LEVEL: {shop: CONTAINER}}, or a proxy"},
		{"another target has none", contained, true, "broker-pause", []string{"kafka/pause-broker"}, "no containers of kafka"},
		{"no target", unnamed, true, "service-kill", []string{"decision/kill"}, "external.targets: {service-kill: SERVICE}"},
		{"no consumer", unnamed, true, "consumer-stopped", []string{"ingest/stop-consumer"}, "external.targets: {consumer-stopped: SERVICE}"},
		{"a quota", contained, true, "cpu-throttle", []string{"shop/limit-cpu", "shop/stalls"}, ""},
		{"a quota by a proxy", proxied, true, "cpu-throttle", []string{"shop/limit-cpu", "shop/stalls"}, "no containers of shop are named: external.containers: {LEVEL: {shop: CONTAINER}}"},
		{"a limit, kills, and a start", contained, true, "memory-squeeze", []string{"shop/restart", "shop/uptime", "shop/limit-memory"}, ""},
		{"a consumer", composed, true, "consumer-stopped", []string{"worker/stop-consumer"}, ""},
		{"a broker", composed, true, "broker-pause", []string{"kafka/pause-broker", "kafka/broker"}, ""},
		{"a broker behind a proxy", proxied, true, "broker-pause", []string{"kafka/pause-broker", "kafka/broker"}, ""},
		{"a Collector of theirs", contained, true, "collector-down", []string{"otelcol/stop-collector", "otelcol/collector-state"}, ""},
		{"a Collector of theirs in the file", observed, true, "collector-down", []string{"otelcol/stop-collector", "otelcol/collector-state"}, ""},
		{"a Collector that gets nothing", composed, true, "collector-down", []string{"otelcol/stop-collector"}, "external.targets: {collector-down: telemetry}"},
		{"the Collector of ours", ours, true, "collector-down", []string{"telemetry/stop-collector", "telemetry/collector-state"}, ""},
		{"another fault at our pipeline", ours, true, "cpu-throttle", []string{"telemetry/limit-cpu"}, "the pipeline of tollgate, not a service of yours"},
		{"a lever of our own stack", composed, true, "consumer-lag", []string{"backing/throttle-fetch"}, "part of our own stack"},
		{"a question to our own broker", composed, true, "consumer-stopped", []string{"worker/stop-consumer", "backing/group"}, "part of our own stack"},
		{"the crowd, behind our journeys", composed, false, "model-drift", []string{"crowd/drift"}, ""},
		{"the crowd, behind a script", composed, true, "model-drift", []string{"crowd/drift"}, "script"},
		{"a proxy", proxied, true, "store-slow", []string{"redis/latency"}, ""},
		{"a proxy that resets", proxied, true, "retry-storm", []string{"redis/reset"}, ""},
		{"no proxy", unnamed, true, "store-slow", []string{"redis/latency"}, "external.proxies: {redis: {url: …, name: …}}; external.targets: {store-slow: SERVICE} names another"},
		{"no proxy of the target", composed, true, "retry-storm", []string{"redis/reset"}, "no proxy of redis is named: external.proxies: {redis: {url: …, name: …}}"},
	} {
		err := (&Environment{System: c.system, Script: c.script}).Supports(c.fault, c.uses)
		if (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want %q", c.name, err, c.wrong)
		}
	}
}

// TestFileTargets: a target must be a service of the Compose file unless a proxy of it is enough, or it is our pipeline.
func TestFileTargets(t *testing.T) {
	e := &Environment{System: testenv.System{
		Compose: testenv.SystemCompose{File: testenv.Files{"c.yaml"}},
		Proxies: map[string]testenv.SystemProxy{"kafka": {}, "redis": {}},
		Targets: map[string]string{"service-pause": "shop", "broker-pause": "kafka", "cpu-throttle": "redis", "collector-down": "telemetry"},
	}}
	for fault, use := range map[string]string{"broker-pause": lever.At("kafka", lever.PauseBroker), "cpu-throttle": lever.At("redis", lever.LimitCPU)} {
		if err := e.Supports(fault, []string{use}); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Join(e.fileTargets(), " "); got != "redis shop" {
		t.Errorf("the file must have %q, want redis, of which a container is needed, and shop", got)
	}
}
