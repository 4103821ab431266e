// Package resample finds out what other sampling would have kept of the traces and log records of a run that kept them all: which
// faults could still have been diagnosed, with what probability, and what the kept part would have cost. It writes nothing into the run
// directory.
package resample

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/testenv/collector"
)

// Policy says which traces are kept, each as a whole.
type Policy struct {
	Text     string          // as it was given, with the usual spaces
	Share    float64         // of the traces that a head sampler keeps, from 0 to 1
	Channels []ChannelShare  // another share for the traces of some channels
	Tail     *collector.Tail // what the Collector chooses by at the end of a trace, instead; nil: a head sampler chooses
}

// ChannelShare is the share of the traces of one channel that are kept.
type ChannelShare struct {
	Channel string
	Share   float64 // from 0 to 1
}

// forms are the legal forms of a policy.
const forms = "ratio SHARE [CHANNEL=SHARE ...], e.g. ratio 10% app=100%; or tail PARTS with the parts of a level's PERSO_TAIL_SAMPLING, " +
	"e.g. tail errors,slow=400ms,share=0.1"

// Parse reads a policy:
//
//	ratio SHARE [CHANNEL=SHARE ...]   a head sampler: SHARE such as 10% or 0.5% of the traces, and another of those of some channels
//	tail PARTS                        the Collector's tail sampling: the parts of PERSO_TAIL_SAMPLING, see collector.ParseTail
//
// An error names the word that is wrong, and its column, from 1.
func Parse(text string) (Policy, error) {
	words := split(text)
	if len(words) == 0 {
		return Policy{}, fmt.Errorf("the policy is empty: want %s", forms)
	}
	p := Policy{Text: strings.Join(strings.Fields(text), " ")}
	switch words[0].text {
	case "ratio":
		return p, p.ratio(words)
	case "tail":
		return p, p.tail(words)
	default:
		return p, words[0].wrong("is no policy: want " + forms)
	}
}

// ratio reads what is behind the first word.
func (p *Policy) ratio(words []word) (err error) {
	if len(words) < 2 {
		return words[0].wrong("needs a share: want " + forms)
	}
	if p.Share, err = share(words[1], words[1].text); err != nil {
		return err
	}
	for _, w := range words[2:] {
		channel, text, found := strings.Cut(w.text, "=")
		if !found || channel == "" {
			return w.wrong("is no CHANNEL=SHARE, such as app=100%")
		}
		if slices.ContainsFunc(p.Channels, func(c ChannelShare) bool { return c.Channel == channel }) {
			return w.wrong("names the channel " + channel + " again")
		}
		of, err := share(w, text)
		if err != nil {
			return err
		}
		p.Channels = append(p.Channels, ChannelShare{channel, of})
	}
	return nil
}

// tail reads what is behind the first word: parts with commas, and spaces as one likes.
func (p *Policy) tail(words []word) error {
	if len(words) < 2 {
		return words[0].wrong("needs parts: want " + forms)
	}
	var parts []string
	for _, w := range words[1:] {
		parts = append(parts, w.text)
	}
	text := strings.Join(parts, " ")
	tail, err := collector.ParseTail(text)
	if err != nil {
		return words[1].wrong("begins no tail sampling: " + err.Error())
	}
	parts = strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	p.Tail, p.Text = tail, "tail "+strings.Join(parts, ", ")
	return nil
}

// share reads a percentage, which may be all of a word or its end.
func share(w word, text string) (float64, error) {
	number, isPercentage := strings.CutSuffix(text, "%")
	x, err := strconv.ParseFloat(number, 64)
	if !isPercentage || err != nil || !(x >= 0 && x <= 100) {
		return 0, w.wrong(fmt.Sprintf("has the share %q: want one from 0%% to 100%%, such as 10%%", text))
	}
	return x / 100, nil
}

// word is a word of a policy.
type word struct {
	text string
	at   int // its column, in bytes from 1
}

func (w word) wrong(why string) error { return fmt.Errorf("column %d: %q %s", w.at, w.text, why) }

// split finds the words of a text.
func split(text string) []word {
	var out []word
	at := 0
	for _, part := range strings.Fields(text) {
		at += strings.Index(text[at:], part)
		out = append(out, word{part, at + 1})
		at += len(part)
	}
	return out
}

// chance is the probability with which a trace is kept.
func (p Policy) chance(t trace) float64 {
	if p.Tail == nil {
		for _, c := range p.Channels {
			if c.Channel == t.channel {
				return c.Share
			}
		}
		return p.Share
	}
	if p.Tail.Errors && t.failed || p.Tail.Slow > 0 && t.took().Milliseconds() > p.Tail.Slow.Milliseconds() {
		return 1
	}
	return p.Tail.Share
}
