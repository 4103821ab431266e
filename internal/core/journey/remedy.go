package journey

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Options are the options of a command that uses this package, as its user writes them, for messages: with %s in the place of
// the value, e.g. "--speed %s". "" and nil stand for an option that the command does not have.
type Options struct {
	Format, Columns string // of a file

	GapLimit, Speed string // as in Replay
	Warmup, Rate    string // as in Demand
	Seed            string // as in People
	Drawn           string // that lets sessions start at random times; without a value

	Longer func(times int) string // that makes Demand.Length so many times as long
}

// Values that a remedy may name, the gentlest first.
var (
	gapLimits = []time.Duration{
		24 * time.Hour, 12 * time.Hour, 6 * time.Hour, 3 * time.Hour, 2 * time.Hour, time.Hour, 30 * time.Minute, 20 * time.Minute,
		10 * time.Minute, 5 * time.Minute, 3 * time.Minute, 2 * time.Minute, time.Minute, 30 * time.Second, 20 * time.Second,
		10 * time.Second, 5 * time.Second, 3 * time.Second, 2 * time.Second, time.Second, 500 * time.Millisecond,
		200 * time.Millisecond, 100 * time.Millisecond, 50 * time.Millisecond, 20 * time.Millisecond, 10 * time.Millisecond,
	}
	warmups   = []time.Duration{1 * time.Second, 1500 * time.Millisecond, 2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second}
	lengths   = []int{2, 3, 4, 5, 8, 10, 15, 20, 30, 50, 100}
	mantissas = []float64{1, 2, 5}
)

// maxSpeed is the highest speed that a remedy names.
const maxSpeed = 1e6

// seeds is how many other seeds a remedy tries.
const seeds = 50

// Foresee is Forecast with a remedy: if the source does not make the rate that is demanded, why not, and which values of the
// options would do, each alternative by itself. Each was forecast to make the rate.
func (s *Source) Foresee(d Demand, o Options) slot.Forecast {
	f := s.Forecast(d)
	if !f.Short() && !f.Unlucky() {
		return f
	}
	var values []string
	if _, recorded := s.start(0); recorded {
		if made := f.Share * d.Rate; made > 0 && o.Rate != "" {
			values = append(values, fmt.Sprintf(o.Rate, strconv.FormatFloat(made, 'g', 4, 64)))
		}
		if r, ok := s.planner.(*recording); ok && o.Drawn != "" {
			how := r.Replay
			how.Recorded = false
			drawn := &Source{planner: newRecording(r.pop, r.all, how, s.seed), seed: s.seed}
			values = append(values, drawn.lucky(d, o, o.Drawn)...)
		}
	} else {
		values = s.values(d, o)
	}
	f.Remedy = s.reason(d, f)
	if len(values) > 0 {
		f.Remedy += ": set " + strings.Join(values, ", or ")
	}
	return f
}

// replayed is the source of a recording with other gaps between its events.
func (s *Source) replayed(limit time.Duration, speed float64) *Source {
	r := *s.planner.(*recording) // with the order and the number of requests that it has
	r.GapLimit, r.Speed = limit, speed
	return &Source{planner: &r, seed: s.seed}
}

// seeded is the source of another seed.
func (s *Source) seeded(seed int64) *Source {
	r, ok := s.planner.(*recording)
	if !ok {
		return FromPopulation(People{Seed: seed, Users: s.people().Users(), Items: len(s.people().Items())})
	}
	other := *r
	other.draw(seed)
	return &Source{planner: &other, seed: seed}
}

// lucky is the text of an option whose value this source has, with a seed that makes the rate if its own does not. It is empty if
// the rate is not made all the same.
func (s *Source) lucky(d Demand, o Options, text string) []string {
	if s.Forecast(d).Surely() {
		return []string{text}
	}
	for seed := s.seed + 1; seed <= s.seed+seeds && o.Seed != ""; seed++ {
		if s.seeded(seed).Forecast(d).Surely() {
			option := fmt.Sprintf(o.Seed, strconv.FormatInt(seed, 10))
			return []string{strings.TrimPrefix(text+" and "+option, " and ")}
		}
	}
	return nil
}

// values are options with values that would make the rate, each alternative by itself.
func (s *Source) values(d Demand, o Options) (out []string) {
	works := func(s *Source, d Demand) bool { f := s.Forecast(d); return f.Share >= enough }
	if !s.Forecast(d).Short() {
		out = append(out, s.lucky(d, o, "")...)
	} else if r, ok := s.planner.(*recording); ok {
		if limit, ok := first(gapLimits, func(limit time.Duration) bool {
			return (r.GapLimit == 0 || limit < r.GapLimit) && works(s.replayed(limit, r.Speed), d)
		}); ok && o.GapLimit != "" {
			out = append(out, s.replayed(limit, r.Speed).lucky(d, o, fmt.Sprintf(o.GapLimit, short(limit)))...)
		}
		if speed, ok := first(speedsAbove(r.Speed), func(speed float64) bool {
			return works(s.replayed(r.GapLimit, speed), d)
		}); ok && o.Speed != "" {
			out = append(out, s.replayed(r.GapLimit, speed).lucky(d, o, fmt.Sprintf(o.Speed, number(speed)))...)
		}
	} else if warmup, ok := first(warmups, func(w time.Duration) bool {
		longer := d
		longer.Warmup = w
		return w > d.Warmup && works(s, longer)
	}); ok && o.Warmup != "" {
		longer := d
		longer.Warmup = warmup
		out = append(out, s.lucky(longer, o, fmt.Sprintf(o.Warmup, short(warmup)))...)
	}
	if times, ok := first(lengths, func(times int) bool {
		longer := d
		longer.Length *= time.Duration(times)
		f := s.Forecast(longer)
		return f.Share >= enough && f.Chance < fewChance
	}); ok && o.Longer != nil {
		longer := d
		longer.Length *= time.Duration(times)
		out = append(out, s.lucky(longer, o, o.Longer(times))...)
	}
	return out
}

// enough is the least share of the rate that a plan of a remedy makes.
const enough = 0.95

// fewChance is the standard deviation of chance below which a run is long enough.
const fewChance = 0.07

// first is the first value that will do. Those after it do, too, so that few have to be tried.
func first[T any](values []T, do func(T) bool) (T, bool) {
	i := sort.Search(len(values), func(i int) bool { return do(values[i]) })
	if i == len(values) {
		var none T
		return none, false
	}
	return values[i], true
}

// number is a number without an exponent.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// speedsAbove are round speeds, rising.
func speedsAbove(speed float64) (out []float64) {
	for decade := 1.0; decade <= maxSpeed; decade *= 10 {
		for _, m := range mantissas {
			if v := m * decade; v > speed && v <= maxSpeed {
				out = append(out, v)
			}
		}
	}
	return out
}

// reason says why a source does not make the rate that is demanded.
func (s *Source) reason(d Demand, f slot.Forecast) string {
	made := fmt.Sprintf("%.3g of %.3g requests/s are to be expected", f.Share*d.Rate, d.Rate)
	if _, recorded := s.start(0); recorded {
		return made + ": sessions start when they did in the recording, whatever rate is ordered"
	}
	var out []string
	if f.Short() {
		out = append(out, made+", because "+s.late(d, f))
	}
	if f.Unlucky() && (!f.Short() || math.Abs(f.Drawn-f.Share) > f.Chance) {
		out = append(out, fmt.Sprintf("the sessions of seed %d make %.3g requests/s: too few sessions start in a launch (about %.2g, with %.3g requests on "+
			"average) for chance to even out", s.seed, f.Drawn*d.Rate, d.Rate/s.requests()*(d.Warmup+d.Length).Seconds(), s.requests()))
	}
	return strings.Join(out, "; ")
}

// late says what keeps requests from coming before the load of a launch ends.
func (s *Source) late(d Demand, f slot.Forecast) string {
	total := d.Warmup + d.Length
	all, after := 0, 0
	for _, offsets := range s.sample(d.Scale) {
		for _, offset := range offsets {
			if all++; offset >= total {
				after++
			}
		}
	}
	load, cause := "the "+short(total)+" of load that an arm gets in a launch", "journeys are longer than the run"
	if r, ok := s.planner.(*recording); ok {
		if cause = "sessions are longer than the run"; r.shrink(r.longest()) > total {
			cause = "there are gaps longer than the run"
		}
		if r.Speed != 1 {
			load += fmt.Sprintf(" (%s as recorded)", short(upTo(float64(total)*r.Speed).Truncate(time.Second)))
		}
	}
	if share := float64(after) / float64(all); share < (1-f.Share)/2 {
		return "a launch begins without journeys under way, and " + load + " is too short for as many to get going as the rate takes"
	}
	return fmt.Sprintf("%s: %.3g %% of the requests come later in their session than %s", cause, 100*float64(after)/float64(all), load)
}
