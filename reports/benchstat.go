package reports

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"

	"golang.org/x/perf/benchfmt"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// renderBenchstat writes the Go benchmark format, one line per arm and launch, for the toll and for the capacity:
//
//	BenchmarkToll/level=full-2 28 0.00139 p50-sec/op …
//	BenchmarkCapacity/level=full-2 16 812 capacity-req/s
//
// Lines of one name are samples of one thing, so benchstat's n is the number of launches: it needs 4 on each side to call a
// difference significant, and 6 for an interval. `benchstat -col /level report.bench` shows the arms of a run side by side, the
// baseline first, `benchstat old.bench new.bench` two runs. The controls stand under their own names, as in the tables: as
// further benchmarks of the baseline's level they would enter its geometric mean and no other.
//
// As go test does, a name ends in the number of cores; the number behind it is that of the rounds behind the values. The values
// are those of verdict.LaunchValues: none can be below 0, of which benchstat's ratios and geometric means make nonsense.
func renderBenchstat(a *verdict.Analysis) ([]byte, error) {
	var b bytes.Buffer
	w := benchfmt.NewWriter(&b)
	for _, m := range benchMetrics(a) {
		better := "lower"
		if m.MoreIsBetter {
			better = "higher"
		}
		unit := benchUnit(m)
		if err := w.Write(&benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit, Key: "better"}, OrigUnit: unit, Value: better}); err != nil {
			return nil, err
		}
	}
	config := benchConfig(a)
	for _, l := range a.Launches {
		line := benchfmt.Result{Config: config, Name: benchmarkName(l, a.Run.Machine.Cores), Iters: max(l.Rounds, 1)}
		for _, v := range l.Values {
			if benchable(v.Value) {
				line.Values = append(line.Values, benchfmt.Value{Value: v.Value, Unit: benchUnit(v.Metric)})
			}
		}
		if len(line.Values) == 0 {
			continue
		}
		if err := w.Write(&line); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// benchConfig says what the values are of, and what they are: benchstat prints it above its tables.
func benchConfig(a *verdict.Analysis) []benchfmt.Config {
	r := a.Run
	var out []benchfmt.Config
	for _, c := range [][2]string{
		{"goos", r.Machine.OS}, {"goarch", r.Machine.Arch}, {"pkg", "github.com/tollgate-dev/tollgate"}, {"cpu", r.Machine.CPU},
		{"tollgate-profile", r.Profile}, {"tollgate-environment", r.Environment}, {"tollgate-estimator", launchEstimator},
	} {
		if c[1] != "" {
			out = append(out, benchfmt.Config{Key: c[0], Value: []byte(c[1]), File: true})
		}
	}
	return out
}

// benchMetrics are the metrics that some launch has a value of, in the order in which they first stand.
func benchMetrics(a *verdict.Analysis) []verdict.Metric {
	var out []verdict.Metric
	for _, l := range a.Launches {
		for _, v := range l.Values {
			known := slices.ContainsFunc(out, func(m verdict.Metric) bool { return benchUnit(m) == benchUnit(v.Metric) })
			if benchable(v.Value) && !known {
				out = append(out, v.Metric)
			}
		}
	}
	return out
}

// benchable says that a value can be a sample.
func benchable(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }

func benchmarkName(l verdict.LaunchValues, cores int) benchfmt.Name {
	benchmark := "Toll"
	if l.Capacity {
		benchmark = "Capacity"
	}
	return benchfmt.Name(fmt.Sprintf("%s/level=%s-%d", benchmark, benchName(l.Arm.Name), max(cores, 1)))
}

// benchUnit names the unit of a metric as benchstat knows it: sec and B get its prefixes, anything else is a count.
func benchUnit(m verdict.Metric) string {
	unit := benchName(m.ID)
	switch m.Unit {
	case verdict.Seconds:
		unit += "-sec"
	case verdict.Bytes:
		unit += "-B"
	case verdict.PerSecond:
		unit += "-req/s"
	}
	switch m.Per {
	case "":
		if m.Latency {
			return unit + "/op"
		}
		return unit
	case verdict.PerThousand:
		return unit + "/1k-op"
	case verdict.PerArmHour:
		return unit + "/h"
	default:
		return unit
	}
}

// benchUnsafe is what may not stand in a name or unit: white space, what splits names, and what quotes.
var benchUnsafe = regexp.MustCompile(`[^\pL\pN_.:+-]+`)

func benchName(s string) string {
	if s = benchUnsafe.ReplaceAllString(s, "_"); s == "" {
		return "_"
	}
	return s
}
