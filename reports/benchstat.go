package reports

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// renderBenchstat writes the values in the Go benchmark format, one line per arm, and a second one for its capacity where
// that was measured:
//
//	BenchmarkToll/level=full-2 80 0.00139 p50-sec/op …
//	BenchmarkCapacity/level=full-2 3 812 capacity-req/s
//
// so that `benchstat -col /level report.bench` shows the levels side by side and `benchstat old.bench new.bench` two
// runs. As go test does, a name ends in the number of cores; the number behind it is how many rounds are behind the
// values. The controls have the level of the
// baseline and a further part, control=NAME.
//
// The limit: an arm has one value per metric, its estimate over all rounds, and not one per round, so benchstat sees
// samples of one and prints no interval and no p-value for a single pair of runs. The intervals of a run are in
// the other formats; benchstat's own statistics need the report.bench of six or more runs on each side.
func renderBenchstat(a *verdict.Analysis) ([]byte, error) {
	var b strings.Builder
	r := a.Run
	for _, line := range [][2]string{
		{"goos", r.Machine.OS}, {"goarch", r.Machine.Arch}, {"pkg", "github.com/tollgate-dev/tollgate"}, {"cpu", r.Machine.CPU},
		{"tollgate-profile", r.Profile}, {"tollgate-environment", r.Environment},
	} {
		if line[1] != "" {
			b.WriteString(line[0] + ": " + line[1] + "\n")
		}
	}
	for _, m := range metricsOf(a) {
		benchBetter(&b, m)
	}
	base := baselineArm(a)
	var values []string
	for _, v := range a.Baseline {
		values = append(values, benchValue(v.Metric, v.Value))
	}
	benchLine(&b, base, r.Machine.Cores, rounds(a), values)
	for _, t := range a.Toll {
		values, n := []string{}, 0
		for _, e := range t.Effects {
			values = append(values, benchValue(e.Metric, e.Value))
			n = max(n, e.Rounds)
		}
		benchLine(&b, t.Arm, r.Machine.Cores, n, values)
	}
	if a.Capacity != nil { // a benchmark of its own, since its number is that of launches
		benchBetter(&b, a.Capacity.Arms[0].Effect.Metric)
		for _, c := range a.Capacity.Arms {
			benchLineOf(&b, "BenchmarkCapacity", c.Arm, r.Machine.Cores, a.Capacity.Launches, []string{benchValue(c.Effect.Metric, c.Effect.Value)})
		}
	}
	return []byte(b.String()), nil
}

// benchBetter says which direction of a metric is the good one.
func benchBetter(b *strings.Builder, m verdict.Metric) {
	better := "lower"
	if m.MoreIsBetter {
		better = "higher"
	}
	fmt.Fprintf(b, "Unit %s better=%s\n", benchUnit(m), better)
}

// benchLine writes one arm, nothing when it has no value.
func benchLine(b *strings.Builder, arm result.Arm, cores, rounds int, values []string) {
	benchLineOf(b, "BenchmarkToll", arm, cores, rounds, values)
}

func benchLineOf(b *strings.Builder, benchmark string, arm result.Arm, cores, rounds int, values []string) {
	measured := strings.Join(values, "")
	if measured == "" {
		return
	}
	name := benchmark + "/level=" + benchName(arm.Level)
	if arm.Role == result.RoleRepeat || arm.Role == result.RoleKnownDelay {
		name += "/control=" + benchName(arm.Name)
	}
	fmt.Fprintf(b, "%s-%d %d%s\n", name, max(cores, 1), max(rounds, 1), measured)
}

// rounds is how many rounds the best-supported estimate of the run has.
func rounds(a *verdict.Analysis) int {
	n := 0
	for _, t := range a.Toll {
		for _, e := range t.Effects {
			n = max(n, e.Rounds)
		}
	}
	return n
}

func benchValue(m verdict.Metric, x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	return " " + strconv.FormatFloat(x, 'g', -1, 64) + " " + benchUnit(m)
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
