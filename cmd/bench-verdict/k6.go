package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
)

// The metric of scenarios/journeys.js that tollgate measures, too: the response time of the recommend step.
const (
	k6Metric = "perso_req_duration"
	k6Step   = "recommend"
)

// summary has the figures that people read in the summary of a k6 run, in seconds.
type summary struct {
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	Count int     `json:"count"` // requests
}

// trendStats makes k6 write the figures that parseSummary reads.
const trendStats = "med,p(95),count"

// parseSummary reads what k6 writes with --summary-export and trendStats.
func parseSummary(text []byte) (summary, error) {
	var file struct {
		Metrics map[string]json.RawMessage `json:"metrics"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return summary{}, fmt.Errorf("k6 summary: %w", err)
	}
	name := k6Metric + "{step:" + k6Step + "}"
	raw, found := file.Metrics[name]
	if !found {
		return summary{}, fmt.Errorf("k6 summary: no metric %s: no such request was answered", name)
	}
	var ms struct {
		Med   *float64 `json:"med"`
		P95   *float64 `json:"p(95)"`
		Count *int     `json:"count"`
	}
	if err := json.Unmarshal(raw, &ms); err != nil {
		return summary{}, fmt.Errorf("k6 summary: %s: %w", name, err)
	}
	if ms.Med == nil || ms.P95 == nil || ms.Count == nil {
		return summary{}, fmt.Errorf("k6 summary: %s lacks one of %s: %s", name, trendStats, raw)
	}
	return summary{*ms.Med / 1e3, *ms.P95 / 1e3, *ms.Count}, nil
}

// parseSamples reads the response times of the recommend step, in seconds, from the output of k6 with --out csv.
func parseSamples(r io.Reader) ([]float64, error) {
	rows := csv.NewReader(r)
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("k6 samples: %w", err)
	}
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	for _, name := range []string{"metric_name", "metric_value", "extra_tags"} {
		if _, found := column[name]; !found {
			return nil, fmt.Errorf("k6 samples: no column %s", name)
		}
	}
	var out []float64
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("k6 samples: %w", err)
		}
		if row[column["metric_name"]] != k6Metric {
			continue
		}
		tags, err := url.ParseQuery(row[column["extra_tags"]])
		if err != nil {
			return nil, fmt.Errorf("k6 samples: tags: %w", err)
		}
		if tags.Get("step") != k6Step {
			continue
		}
		ms, err := strconv.ParseFloat(row[column["metric_value"]], 64)
		if err != nil {
			return nil, fmt.Errorf("k6 samples: %w", err)
		}
		out = append(out, ms/1e3)
	}
}

// readK6 reads the summary and the samples of one k6 run.
func readK6(summaryFile, samplesFile string) (summary, []float64, error) {
	text, err := os.ReadFile(summaryFile)
	if err != nil {
		return summary{}, nil, err
	}
	s, err := parseSummary(text)
	if err != nil {
		return summary{}, nil, err
	}
	f, err := os.Open(samplesFile)
	if err != nil {
		return summary{}, nil, err
	}
	defer f.Close()
	samples, err := parseSamples(f)
	if err == nil && len(samples) != s.Count {
		err = fmt.Errorf("k6: %d samples in %s, and a count of %d in %s", len(samples), samplesFile, s.Count, summaryFile)
	}
	return s, samples, err
}
