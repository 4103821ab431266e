package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/markdown"
)

// meanJourney is how long a journey takes at think scale 1, from its first request to its last answer.
const meanJourney = 1350 * time.Millisecond

func (b *bench) crowdCommand() *cobra.Command {
	journeys, think := 10_000, 40.0
	length := 2 * time.Minute
	c := &cobra.Command{
		Use:   "crowd",
		Short: "Memory with many journeys at once that have think time",
		Long: `Has so many journeys under way at once, by drive(), by journey() in as many VUs, and by the same journey in stock k6, and prints
the largest memory of each. The target counts how many journeys were on at once.`,
		Args: noWords,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case journeys < 1 || journeys > 50_000:
				return usage("--journeys must be from 1 to 50000, got %d", journeys)
			case !(think >= 1 && think <= 1000):
				return usage("--think must be from 1 to 1000, got %v", think)
			case length < 10*time.Second || length > time.Hour:
				return usage("--for must be from 10s to 1h, got %v", length)
			}
			return b.crowd(c.Context(), journeys, think, length)
		},
	}
	c.Flags().IntVar(&journeys, "journeys", journeys, "how many are under way at once")
	c.Flags().Float64Var(&think, "think", think, "think times: 1 is a shopper in a hurry, 20 a person, 40 one who takes a minute")
	c.Flags().DurationVar(&length, "for", length, "how long the load lasts once the journeys are there")
	return c
}

// crowd measures all peers, one after the other.
func (b *bench) crowd(ctx context.Context, journeys int, think float64, length time.Duration) error {
	one := time.Duration(think * float64(meanJourney))
	rate := float64(journeys) / one.Seconds() * perJourney
	t := &markdown.Table{
		Title:  fmt.Sprintf("Memory of %d journeys at once", journeys),
		Header: []string{"peer", "journeys at once", "requests", "peak memory, MB", "a journey, kB"},
		Notes: []string{
			fmt.Sprintf("Peak of the anonymous resident memory in MB (10⁶ bytes); 1 GiB is 1074. Think times ×%v, so a journey takes %v on average.", think, one.Round(time.Second)),
			"journeys at once: the most of whose requests the target had seen the first and not the last. A journey that has made its last request " +
				"and still thinks is not among them.",
			"drive() keeps journeys in a queue, so it has no VUs; in k6 a journey needs a VU, with a JavaScript engine of its own.",
		},
	}
	nothing := []string{"--summary-mode=disabled", "--no-thresholds"}
	for _, p := range []peer{drive, journeyPeer, stockWalk} {
		l := load{rate: rate, length: one + length, think: think, crowded: true, flags: nothing, vus: journeys * 5 / 4}
		cells, err := b.crowdOf(ctx, p, l, journeys)
		if err != nil {
			return err
		}
		t.Add(cells...)
	}
	return b.show(t)
}

// crowdOf is the row of one peer.
func (b *bench) crowdOf(ctx context.Context, p peer, l load, journeys int) ([]string, error) {
	b.say("%s: %d journeys at once, %.0f requests a second for %v", p.name, journeys, l.rate, l.length)
	dir, remove, err := scratch()
	if err != nil {
		return nil, err
	}
	defer remove()
	until := l.length
	l.length += 10 * time.Second // its memory is read while its load is on
	on, err := launch(ctx, p, l, "", dir)
	if err != nil {
		return nil, err
	}
	defer on.Close()
	if err := on.started(ctx); err != nil {
		return nil, err
	}
	if err := on.wait(ctx, until); err != nil {
		return nil, err
	}
	_, peak, err := on.memory()
	if err != nil {
		return nil, err
	}
	most, made := 0, int64(0)
	if err := on.ask(ctx, http.MethodGet, crowdPath, &most); err != nil {
		return nil, err
	}
	if made, err = on.served(ctx); err != nil {
		return nil, err
	}
	return []string{p.name, fmt.Sprint(most), fmt.Sprint(made), fmt.Sprintf("%.0f", float64(peak)/1e6), fmt.Sprintf("%.0f", float64(peak)/1e3/float64(max(most, 1)))}, nil
}
