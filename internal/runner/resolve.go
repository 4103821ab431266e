package runner

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// resolved says whether the toll is known as finely as toll.resolve wants after so many launches, which took so long in all, or cannot
// be in the time that toll.at_most allows. It tells after every launch how long the resolution will take, so that one that the machine
// cannot reach is said after the first.
func (r *run) resolved(launches int, took time.Duration) (bool, error) {
	data, err := result.Read(r.dir.Dir())
	if err != nil {
		return false, err
	}
	all, err := verdict.Resolutions(data)
	if err != nil {
		return false, err
	}
	each := took / time.Duration(launches)
	inTime := int(r.Toll.AtMost / max(each, 1)) // launches
	reached := true
	var says, short []string
	if least := max(2, r.Toll.Launches); launches < least { // one launch does not know how launches differ
		reached = false
		short = append(short, fmt.Sprintf("launches: %d of at least %d", launches, least))
	}
	for _, one := range all {
		says = append(says, forecast(one, launches, inTime, each, r.Toll.AtMost))
		switch {
		case one.Reached():
			continue
		case math.IsInf(one.Has, 1):
			short = append(short, one.Metric+" cannot be told")
		default:
			short = append(short, fmt.Sprintf("%s ±%s, not ±%s", one.Metric, share(one.Has), share(one.Wanted)))
		}
		reached = false
	}
	r.Progress.Tell("resolution", says)
	if reached || launches < inTime && launches < r.MostLaunches() {
		return reached, nil
	}
	return true, r.dir.Update(func(m *result.Run) {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the resolution was not reached in %v (toll.at_most): %s", r.Toll.AtMost, strings.Join(short, ", ")))
	})
}

// atMost is how long the toll may take to reach its resolution; 0 if it has none to reach.
func (r *run) atMost() time.Duration {
	if len(r.Toll.Resolve) == 0 {
		return 0
	}
	return r.Toll.AtMost
}

// forecast says how finely a metric is known, and how long what is wanted takes.
func forecast(one verdict.Resolution, launches, inTime int, each, most time.Duration) string {
	noun := "launches"
	if launches == 1 {
		noun = "launch"
	}
	has := fmt.Sprintf("%s ±%s after %d %s", one.Metric, share(one.Has), launches, noun)
	switch need := max(2, one.Launches); {
	case math.IsInf(one.Has, 1):
		return one.Metric + " cannot be told yet"
	case one.Reached():
		return has
	case need > inTime:
		return fmt.Sprintf("%s; ±%s would take about %d, %v, and %v is allowed, which gives about ±%s", has, share(one.Wanted), need,
			(time.Duration(need) * each).Round(time.Second), most, share(one.Has*math.Sqrt(float64(launches)/float64(max(1, inTime)))))
	default:
		return fmt.Sprintf("%s; ±%s takes about %d, %v in all", has, share(one.Wanted), need, (time.Duration(need) * each).Round(time.Second))
	}
}

// share is a share in per cent.
func share(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
