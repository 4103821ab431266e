package verdict

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/flame"
)

// CPU is where the CPU time of each level goes, by the CPU profiles of its services.
type CPU struct {
	Length  time.Duration // of a profile
	Levels  []CPULevel    // those with a launch of which every profile is there, in the order of the run
	Missing []string      // what is not there, and why
}

// CPULevel is the profiles of a level: all services and launches together.
type CPULevel struct {
	Arm       result.Arm
	Launches  int        // whose profiles are in it
	Requests  float64    // while they were taken
	Total     CPUShare   // of all samples
	Kernel    float64    // CPU time by the kernel's count, in seconds per request; NaN where it is not known
	Groups    []CPUShare // one for each of flame.Groups, in their order
	Functions []CPUShare // by the CPU time of the function itself, the most first: at most mostFunctions with LeastSamples or more
	Tree      *flame.Node
}

// CPUShare is the CPU time of some code. Times are in seconds per request.
type CPUShare struct {
	Name    string // of a function; the ID of a group; "" for all
	Group   string // of a function
	Samples int64
	Value   float64
	Error   float64 // two standard errors: of the number of samples, or of the launches among themselves if these differ by more

	Over      float64 // Value less that of the baseline; NaN for the baseline itself, without it, and where neither is Seen
	OverError float64 // two standard errors of that
}

// Seen says that there are samples enough to show a value.
func (s CPUShare) Seen() bool { return s.Samples >= LeastSamples }

// Differs says that the difference to the baseline is known and larger than its two standard errors.
func (s CPUShare) Differs() bool { return math.Abs(s.Over) > s.OverError }

// LeastSamples is how many samples a value needs to be shown: with ten, two standard errors are 63 % of it.
const LeastSamples = 10

// MostBoxes is how many boxes a CPULevel.Tree has at most, and mostFunctions how many functions are kept.
const (
	MostBoxes     = 70
	mostFunctions = 12
)

// cpuOf reads the CPU profiles of a run; nil if it was to take none.
func cpuOf(d *result.Data) *CPU {
	if d.Run.Plan.CPUProfile == 0 {
		return nil
	}
	out := &CPU{Length: d.Run.Plan.CPUProfile}
	if len(d.CPUProfiles) == 0 {
		out.Missing = []string{"no CPU profile was taken: the run ended before, or no service serves any"}
	}
	services := map[string]bool{}
	byArm := map[string]map[int][]result.CPUProfile{}
	for _, p := range d.CPUProfiles {
		services[p.Service] = true
		if byArm[p.Arm] == nil {
			byArm[p.Arm] = map[int][]result.CPUProfile{}
		}
		byArm[p.Arm][p.Launch] = append(byArm[p.Arm][p.Launch], p)
	}
	var base *cpuSums
	for _, arm := range d.Run.Arms {
		sums := &cpuSums{arm: arm, tree: &flame.Tree{}, functions: map[string]*cpuSum{}, groups: map[string]*cpuSum{}}
		for _, launch := range slices.Sorted(maps.Keys(byArm[arm.Name])) {
			if why := sums.launch(byArm[arm.Name][launch], slices.Sorted(maps.Keys(services))); why != "" {
				out.Missing = append(out.Missing, fmt.Sprintf("%s, launch %d: %s", arm.Name, launch+1, why))
			}
		}
		if len(sums.requests) == 0 {
			continue
		}
		if arm.Role == result.RoleBaseline {
			base = sums
		}
		out.Levels = append(out.Levels, sums.level(base))
	}
	return out
}

// Dearest is the level above the baseline with the most CPU time per request; nil if there is none.
func (c *CPU) Dearest() *CPULevel {
	var out *CPULevel
	for i := range c.Levels {
		if l := &c.Levels[i]; l.Arm.Role == result.RoleLevel && (out == nil || l.Total.Value > out.Total.Value) {
			out = l
		}
	}
	return out
}

// Baseline is that of the levels; nil if it has no profiles.
func (c *CPU) Baseline() *CPULevel {
	for i := range c.Levels {
		if c.Levels[i].Arm.Role == result.RoleBaseline {
			return &c.Levels[i]
		}
	}
	return nil
}

// cpuSums collects the profiles of a level.
type cpuSums struct {
	arm       result.Arm
	requests  []float64 // by launch
	kernel    float64   // seconds; NaN: not known of all
	all       cpuSum
	groups    map[string]*cpuSum
	functions map[string]*cpuSum
	tree      *flame.Tree
}

// cpuSum is the samples of some code.
type cpuSum struct {
	group   string
	samples int64
	cpu     []float64 // seconds, by launch
}

func (s *cpuSum) add(launch int, of flame.Sample) {
	for len(s.cpu) <= launch {
		s.cpu = append(s.cpu, 0)
	}
	s.samples += of.Count
	s.cpu[launch] += of.CPU.Seconds()
}

// launch adds the profiles of one launch, or says why it does not: a service that is missing in one launch and not in another would
// look like a difference.
func (c *cpuSums) launch(profiles []result.CPUProfile, services []string) (why string) {
	samples, kernel, sent := map[string][]flame.Sample{}, 0.0, 0.0
	for _, p := range profiles {
		if p.Text == nil {
			return p.Service + ": " + p.Missing
		}
		read, err := flame.Read(p.Text)
		if err != nil {
			return p.Service + ": " + err.Error()
		}
		if samples[p.Service] != nil {
			return p.Service + " has two CPU profiles"
		}
		samples[p.Service] = append([]flame.Sample{}, read...) // not nil
		sent = float64(p.Sent) * p.Length.Seconds() / p.Load.Seconds()
		if kernel += p.CPU.Seconds(); p.CPU == 0 {
			kernel = math.NaN()
		}
	}
	for _, service := range services {
		if samples[service] == nil {
			return service + " has no CPU profile"
		}
	}
	if sent <= 0 {
		return "no request was sent"
	}
	n := len(c.requests)
	c.requests, c.kernel = append(c.requests, sent), c.kernel+kernel
	for _, service := range services {
		c.tree.Add(service, samples[service])
		for _, s := range samples[service] {
			c.all.add(n, s)
			sumOf(c.groups, flame.GroupOf(s.Frames), "").add(n, s)
			if len(s.Frames) > 0 {
				leaf := s.Frames[0]
				sumOf(c.functions, leaf.Function, leaf.Group).add(n, s)
			}
		}
	}
	return ""
}

func sumOf(all map[string]*cpuSum, name, group string) *cpuSum {
	if all[name] == nil {
		all[name] = &cpuSum{group: group}
	}
	return all[name]
}

// level is what the profiles come to, with differences to those of the baseline unless that is nil.
func (c *cpuSums) level(base *cpuSums) CPULevel {
	if base == nil || base == c {
		base = &cpuSums{}
	}
	out := CPULevel{Arm: c.arm, Launches: len(c.requests), Requests: sumFloats(c.requests), Tree: c.tree.Root(MostBoxes, LeastSamples)}
	out.Kernel = c.kernel / out.Requests
	out.Total = c.share("", &c.all).over(base.share("", &base.all))
	for _, g := range flame.Groups() {
		out.Groups = append(out.Groups, c.share(g.ID, c.groups[g.ID]).over(base.share(g.ID, base.groups[g.ID])))
	}
	for _, name := range slices.Sorted(maps.Keys(c.functions)) {
		if s := c.share(name, c.functions[name]); s.Seen() {
			out.Functions = append(out.Functions, s.over(base.share(name, base.functions[name])))
		}
	}
	slices.SortStableFunc(out.Functions, func(a, b CPUShare) int {
		return cmp.Or(cmp.Compare(b.Value, a.Value), strings.Compare(a.Name, b.Name))
	})
	out.Functions = out.Functions[:min(mostFunctions, len(out.Functions))]
	return out
}

// share is a sum per request; nil is one without samples. The number of samples is taken to be that of a Poisson process, and one that
// was never seen for as uncertain as one sample.
func (c *cpuSums) share(name string, s *cpuSum) CPUShare {
	if s == nil {
		s = &cpuSum{}
	}
	requests, out := sumFloats(c.requests), CPUShare{Name: name, Group: s.group, Samples: s.samples, Over: math.NaN(), OverError: math.NaN()}
	if requests == 0 { // there are no profiles
		out.Value, out.Error = math.NaN(), math.NaN()
		return out
	}
	out.Value = sumFloats(s.cpu) / requests
	perSample := c.perSample() / requests
	out.Error = 2 * max(perSample*math.Sqrt(float64(max(1, s.samples))), c.spread(s))
	return out
}

// perSample is the CPU time that a sample stands for, in seconds.
func (c *cpuSums) perSample() float64 {
	if c.all.samples == 0 {
		return 0.01 // Go's: 100 per second
	}
	return sumFloats(c.all.cpu) / float64(c.all.samples)
}

// spread is the standard error of the mean over launches; 0 with one launch.
func (c *cpuSums) spread(s *cpuSum) float64 {
	n := float64(len(c.requests))
	if n < 2 {
		return 0
	}
	var values []float64
	for i, requests := range c.requests {
		cpu := 0.0
		if i < len(s.cpu) {
			cpu = s.cpu[i]
		}
		values = append(values, cpu/requests)
	}
	mean, squares := sumFloats(values)/n, 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / (n - 1) / n)
}

// over is the share with its difference to that of the baseline.
func (s CPUShare) over(base CPUShare) CPUShare {
	if s.Seen() || base.Seen() {
		s.Over, s.OverError = s.Value-base.Value, math.Hypot(s.Error, base.Error)
	}
	return s
}

func sumFloats(all []float64) float64 {
	sum := 0.0
	for _, x := range all {
		sum += x
	}
	return sum
}
