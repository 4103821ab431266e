package journey

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// realClicks are recorded clicks of a web shop, with gaps of up to an hour.
func realClicks(t testing.TB) Sessions {
	t.Helper()
	f, err := ReadFile("../../../../shared/data/yoochoose-clicks.tsv", Reading{})
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the recorded clicks are not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	return f.store.(Sessions)
}

// made is how many requests come due in the time that counts of a demand, over the number ordered, by launch.
func made(source *Source, d Demand, launches int) (mean, sd float64) {
	sum, square := 0.0, 0.0
	for launch := range launches {
		s := NewStream(source, uint64(launch), "s", d.Scale)
		s.SetRate(d.Rate, 0)
		count := func(until time.Duration) int { return len(perfect(s, until)) }
		if source.sessions() > 0 { // every step of a recorded session becomes a request
			count = func(until time.Duration) (n int) {
				for ; s.Peek() < until; n++ {
					s.Pop()
				}
				return n
			}
		}
		count(d.Warmup)
		share := float64(count(d.Warmup+d.Length)) / (d.Rate * d.Length.Seconds())
		sum, square = sum+share, square+share*share
	}
	n := float64(launches)
	mean = sum / n
	return mean, math.Sqrt(square/n - mean*mean)
}

// A forecast is what streams of many launches make: on average, and by how much they differ.
func TestForecast(t *testing.T) {
	clicks := realClicks(t)
	replay := func(how Replay) *Source { return replayed(clicks, how, People{Seed: 1, Users: 200, Items: 50}) }
	pr := Demand{Rate: 240, Warmup: 700 * time.Millisecond, Length: 3 * time.Second, Launches: 3, Scale: 1}
	for _, tt := range []struct {
		name   string
		source *Source
		demand Demand
		below  float64 // the share that must be forecast at most
	}{
		{"population", testCrowd(1), pr, 1},
		{"clicks at speed 1", replay(Replay{Speed: 1}), pr, 0.5}, // most never come
		{"clicks at speed 600", replay(Replay{Speed: 600}), pr, 1},
		{"clicks at speed 60, gaps cut", replay(Replay{Speed: 60, GapLimit: time.Minute}), pr, 1},
		{"no warm-up, slow", replay(Replay{Speed: 600}), Demand{Rate: 20, Length: 10 * time.Second, Launches: 1, Scale: 1}, 1},
	} {
		f := tt.source.Forecast(tt.demand)
		if seen, _ := made(tt.source, tt.demand, tt.demand.Launches); math.Abs(seen-f.Drawn) > 0.08 { // the luck of clicks
			t.Errorf("%s: the seed draws %.3f of the rate, %.3f was made", tt.name, f.Drawn, seen)
		}
		const launches = 400
		mean, sd := made(tt.source, tt.demand, launches)
		// The clicks of a population are as many as the users of perfect answers like, see nominalClickThrough: 6 % of the rate.
		if err := math.Abs(mean - f.Share); err > 3*f.Chance/math.Sqrt(launches)+0.06 {
			t.Errorf("%s: %.3f of the rate is forecast, %.3f was made", tt.name, f.Share, mean)
		}
		if sd *= 1 / math.Sqrt(float64(tt.demand.Launches)); sd < 0.8*f.Chance || sd > 1.2*f.Chance { // its own standard error is 4 %, or more, since lengths of sessions are skew
			t.Errorf("%s: chance %.4f is forecast, %.4f was seen", tt.name, f.Chance, sd)
		}
		if f.Share > tt.below+1e-9 {
			t.Errorf("%s: %.3f of the rate is forecast, want at most %.2f", tt.name, f.Share, tt.below)
		}
	}
}

// Sessions that are alike, one request each at their start, are a Poisson process: the whole rate, and a chance of 1/√n.
func TestForecastOfPoisson(t *testing.T) {
	var text strings.Builder
	text.WriteString("SessionId\tItemId\tTime\tEvent\tUserId\n")
	for n := range 50 {
		fmt.Fprintf(&text, "s%d\ti\t1\tpurchase\t\n", n) // no login, and no page after it
	}
	sessions := mustParse(t, text.String())
	source := &Source{planner: newRecording(population.New(1, 10, 10), sessions, Replay{Speed: 1}, 1)}
	f := source.Forecast(Demand{Rate: 100, Length: 4 * time.Second, Launches: 1, Scale: 1})
	if math.Abs(f.Share-1) > 1e-9 || math.Abs(f.Chance-1/math.Sqrt(400)) > 1e-9 {
		t.Errorf("%+v, want share 1 and chance 0.05", f)
	}
}

// options of a command that has them all, in a form that a test can read again.
var testOptions = Options{
	GapLimit: "gap=%s", Speed: "speed=%s", Warmup: "warmup=%s", Rate: "rate=%s", Seed: "seed=%s", Drawn: "drawn=1",
	Longer: func(n int) string { return fmt.Sprintf("longer=%d", n) },
}

// Every value that a remedy names makes the rate when it is set.
func TestRemediesWork(t *testing.T) {
	clicks := realClicks(t)
	long := mustParse(t, "SessionId\tItemId\tTime\na\ti\t0\na\tj\t86400\na\tk\t86401\nb\ti\t5\nb\ti\t90000\n")
	fat := "SessionId\tItemId\tTime\n" // one session, a hundred clicks, one every 10 ms
	for n := range 100 {
		fat += fmt.Sprintf("a\ti\t%g\n", float64(n)/100)
	}
	people := People{Seed: 1, Users: 200, Items: 50}
	pr := Demand{Rate: 240, Warmup: 700 * time.Millisecond, Length: 3 * time.Second, Launches: 3, Scale: 1}
	brief := pr
	brief.Warmup, brief.Length = 0, time.Second
	unlucky := Demand{Rate: 240, Warmup: time.Second, Length: 2 * time.Second, Launches: 2, Scale: 1}
	once := pr
	once.Launches = 1
	for _, tt := range []struct {
		name     string
		sessions Sessions // nil: the population
		how      Replay
		demand   Demand
		reason   string
		options  string // that must be named
	}{
		{"real clicks", clicks, Replay{Speed: 1}, pr, "gaps longer than the run", "gap speed"},
		{"real clicks, faster", clicks, Replay{Speed: 60}, pr, "gaps longer than the run", "gap speed longer"},
		{"a gap limit that is too long", clicks, Replay{Speed: 1, GapLimit: time.Hour}, pr, "gaps longer than the run", "gap speed"},
		{"a day between clicks", long, Replay{Speed: 600}, pr, "gaps longer than the run", "gap speed"},
		{"fat sessions", mustParse(t, fat), Replay{Speed: 1}, once, "too few sessions", "longer"},
		{"population, no warm-up", nil, Replay{}, brief, "without journeys under way", "warmup longer"},
		{"a seed without luck", clicks, Replay{Speed: 2000}, unlucky, "the sessions of seed 1 make", "seed longer"},
		{"recorded arrivals", clicks, Replay{Speed: 3600, Recorded: true}, pr, "whatever rate is ordered", "rate drawn"},
	} {
		source := func(how Replay, seed int64) *Source {
			if tt.sessions == nil {
				return FromPopulation(People{Seed: seed, Users: people.Users, Items: people.Items})
			}
			return replayed(tt.sessions, how, People{Seed: seed, Users: people.Users, Items: people.Items})
		}
		f := source(tt.how, people.Seed).Foresee(tt.demand, testOptions)
		if !strings.Contains(f.Remedy, tt.reason) {
			t.Errorf("%s: remedy %q, want the reason %q", tt.name, f.Remedy, tt.reason)
		}
		named := map[string]bool{}
		_, values, _ := strings.Cut(f.Remedy, ": set ")
		for _, alternative := range strings.Split(values, ", or ") {
			how, d, seed := tt.how, tt.demand, people.Seed
			for _, m := range regexp.MustCompile(`(\w+)=([0-9a-z.]+)`).FindAllStringSubmatch(alternative, -1) {
				named[m[1]] = true
				number, _ := strconv.ParseFloat(m[2], 64)
				duration, _ := time.ParseDuration(m[2])
				switch m[1] {
				case "gap":
					how.GapLimit = duration
				case "speed":
					how.Speed = number
				case "warmup":
					d.Warmup = duration
				case "longer":
					d.Length *= time.Duration(number)
				case "rate":
					d.Rate = number
				case "drawn":
					how.Recorded = false
				case "seed":
					seed = int64(number)
				}
			}
			g := source(how, seed).Forecast(d)
			if g.Misses() || g.Remedy != "" {
				t.Errorf("%s: with %s: forecast %+v", tt.name, alternative, g)
			}
			if mean, _ := made(source(how, seed), d, d.Launches); !how.Recorded && tt.sessions != nil && math.Abs(mean-1) > 0.2 {
				t.Errorf("%s: with %s: %.3f of the rate was made", tt.name, alternative, mean)
			}
		}
		for _, option := range strings.Fields(tt.options) {
			if !named[option] {
				t.Errorf("%s: %s is not named in %q", tt.name, option, f.Remedy)
			}
		}
	}
	if f := replayed(clicks, Replay{Speed: 3600}, people).Foresee(pr, testOptions); f.Remedy != "" {
		t.Errorf("a remedy where nothing is wrong: %q", f.Remedy)
	}
}
