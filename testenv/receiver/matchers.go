package receiver

import (
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Silencing are the parameters of the lever that silences alerts.
type Silencing struct {
	Matchers []string `json:"matchers"` // an alert that all of them match is silenced
}

// Parse reads the matchers, such as alertname=~".+". The error names the one that is wrong.
func (s Silencing) Parse() ([]*labels.Matcher, error) {
	if len(s.Matchers) == 0 {
		return nil, fmt.Errorf(`matchers must name alerts, such as ["alertname=~\".+\""], got none`)
	}
	selectors := parser.NewParser(parser.Options{})
	var out []*labels.Matcher
	for _, text := range s.Matchers {
		m, err := selectors.ParseMetricSelector("{" + text + "}")
		if err != nil {
			return nil, fmt.Errorf("matcher %q: %w", text, err)
		}
		out = append(out, m...)
	}
	return out, nil
}
