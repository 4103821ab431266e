package experiment

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// ParseResolve reads resolutions such as "p50 2%" into the form of Toll.Resolve.
func ParseResolve(texts []string) (map[string]float64, error) {
	out := map[string]float64{}
	for _, text := range texts {
		metric, size, _ := strings.Cut(strings.TrimSpace(text), " ")
		number, percent := strings.CutSuffix(strings.TrimSpace(size), "%")
		share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !percent {
			return nil, fmt.Errorf("a resolution is a metric (%s) and a share of the baseline, such as 'p50 2%%', got %q",
				strings.Join(verdict.EqualWithin(), ", "), text)
		}
		if _, twice := out[metric]; twice {
			return nil, fmt.Errorf("two resolutions for %s", metric)
		}
		out[metric] = share / 100
	}
	return out, nil
}
