package verdict

import (
	"cmp"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Contents is what the telemetry of a level is made of: which span names, log events and metrics its bytes are. Amounts are means over
// the launches of the toll, of the baseline over both of its arms. What came while an arm had no load is not in them.
// They have no intervals: the metric bytes has that of the sum.
type Contents struct {
	Arm   result.Arm
	Below string // the level before it in the order of the run, which every Over is over; "" for the baseline
	Bytes float64
	Over  float64
	// Pieces add up to Bytes and to Over. Those that add most to the level below stand first; of the baseline the largest.
	Pieces []Piece

	Currency   Unit // of the amounts; "" without prices of telemetry
	Compressed bool // bytes of the pieces are their share of what was sent, by their size before compression
	SeriesCut  bool // numbers of series and of values are the least that there were
}

// Piece is a part of the bytes: a span name, a log event or a metric of a service, or what no name stands for.
type Piece struct {
	Of        result.VolumePart // without its amounts; Rest is Unread for bytes that are in no part
	Count     float64           // spans, log records or data points per 1,000 requests; of batches their number
	Bytes     float64           // on the wire, per 1,000 requests
	Over      float64           // Bytes less those at the level below; NaN for the baseline
	Share     float64           // of Contents.Bytes; NaN where that is 0
	Amount    float64           // money per million requests, for bytes, numbers and series; NaN without prices
	OverMoney float64           // Amount less that at the level below
}

// Unread is the Rest of the bytes that the pipeline received and that are in no part. Its bytes may be a little below 0, since an
// export may fall between two readings.
const Unread = "unread"

// contents are those of the baseline and of the levels above it, in the order of the run; nil where the run cannot tell.
func (m *measured) contents(volumes []result.Volume) []Contents {
	of := map[string][]result.Volume{}
	for _, v := range volumes {
		if v.Requests > 0 {
			of[v.Arm] = append(of[v.Arm], v)
		}
	}
	var out []Contents
	for arm, a := range m.run.Arms {
		arms := []int{arm}
		switch {
		case arm == m.baseline:
			arms = m.reference
		case a.Role != result.RoleLevel:
			continue
		}
		var all []result.Volume
		for _, arm := range arms {
			all = append(all, of[m.run.Arms[arm].Name]...)
		}
		if len(all) == 0 {
			continue
		}
		c := m.contentsOf(a, all)
		if len(out) > 0 {
			c.over(out[len(out)-1])
		}
		out = append(out, c)
	}
	return out
}

// contentsOf is the mean of some volumes.
func (m *measured) contentsOf(a result.Arm, all []result.Volume) Contents {
	c := Contents{Arm: a, Over: math.NaN(), Currency: m.telemetryCurrency()}
	pieces := map[name]Piece{}
	for _, v := range all {
		weight := 1000 / float64(v.Requests) / float64(len(all))
		ofMetrics, ofOthers, idle := m.uncounted(v)
		received := float64(v.Bytes) - idle
		c.Bytes += weight * received
		c.Compressed, c.SeriesCut = c.Compressed || v.Compressed, c.SeriesCut || v.SeriesCut
		scale, unread := onWire(v), received
		for _, part := range v.Parts {
			share := 1 - ofOthers
			if part.Signal == result.InMetrics {
				share = 1 - ofMetrics
			}
			bytes := share * scale * float64(part.Bytes)
			unread -= bytes
			p := pieces[nameOf(part)]
			p.Of = widest(p.Of, part)
			p.Count, p.Bytes = p.Count+weight*share*float64(part.Count), p.Bytes+weight*bytes
			pieces[nameOf(part)] = p
		}
		rest := result.VolumePart{Rest: Unread}
		pieces[nameOf(rest)] = Piece{Of: rest, Bytes: pieces[nameOf(rest)].Bytes + weight*unread}
	}
	for _, p := range pieces {
		p.Over, p.OverMoney, p.Share, p.Amount = math.NaN(), math.NaN(), c.share(p.Bytes), m.amount(p)
		c.Pieces = append(c.Pieces, p)
	}
	c.sort()
	return c
}

// name is what tells pieces apart.
type name struct{ signal, service, name, rest string }

func nameOf(p result.VolumePart) name { return name{p.Signal, p.Service, p.Name, p.Rest} }

// widest is the name of a piece with the most series, and the most values of a label, of two launches.
func widest(a, b result.VolumePart) result.VolumePart {
	b.Count, b.Bytes = 0, 0
	b.Series = max(a.Series, b.Series)
	if a.Values > b.Values {
		b.Label, b.Values = a.Label, a.Values
	}
	return b
}

// onWire is how many bytes there were on the wire for a byte of a part: 1, unless there was compression.
func onWire(v result.Volume) float64 {
	sum := int64(0)
	for _, p := range v.Parts {
		sum += p.Bytes
	}
	if !v.Compressed || sum == 0 {
		return 1
	}
	return float64(v.Bytes) / float64(sum)
}

// over compares with the level below. What only that level has is a piece of this one, with nothing in it.
func (c *Contents) over(below Contents) {
	c.Below, c.Over = below.Arm.Name, c.Bytes-below.Bytes
	before := map[name]Piece{}
	for _, p := range below.Pieces {
		before[nameOf(p.Of)] = p
	}
	for i := range c.Pieces {
		p := &c.Pieces[i]
		was := before[nameOf(p.Of)]
		delete(before, nameOf(p.Of))
		p.Over, p.OverMoney = p.Bytes-was.Bytes, p.Amount-was.Amount
	}
	for _, was := range before {
		if was.Bytes != 0 {
			gone := was.Of
			gone.Series, gone.Label, gone.Values = 0, "", 0
			c.Pieces = append(c.Pieces, Piece{Of: gone, Over: -was.Bytes, Share: c.share(0), Amount: 0 * was.Amount, OverMoney: -was.Amount}) // without prices both stay NaN
		}
	}
	c.sort()
}

// share is that of some bytes; NaN without any.
func (c *Contents) share(bytes float64) float64 {
	if c.Bytes <= 0 {
		return math.NaN()
	}
	return bytes / c.Bytes
}

// sort puts the pieces that matter most first.
func (c *Contents) sort() {
	weight := func(p Piece) float64 {
		if c.Below == "" {
			return p.Bytes
		}
		return p.Over
	}
	slices.SortFunc(c.Pieces, func(a, b Piece) int {
		x, y := nameOf(a.Of), nameOf(b.Of)
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(x.signal, y.signal), cmp.Compare(x.service, y.service),
			cmp.Compare(x.name, y.name), cmp.Compare(x.rest, y.rest))
	})
}

// telemetryCurrency is the unit of Piece.Amount; "" where nothing of telemetry has a price.
func (m *measured) telemetryCurrency() Unit {
	p := m.run.Prices
	if p == nil || !(p.SpansMillion+p.LogRecordsMillion+p.DataPointsMillion+p.TelemetryGB+p.SeriesMonth > 0) {
		return ""
	}
	return cmp.Or(Unit(p.Currency), Money)
}

// amount is what a piece costs per million requests; NaN without prices. Its series are those that it exports: those of a bill have what
// the pipeline derives and scrapes besides.
func (m *measured) amount(p Piece) float64 {
	if m.telemetryCurrency() == "" {
		return math.NaN()
	}
	prices := m.run.Prices
	each := map[string]float64{result.InSpans: prices.SpansMillion, result.InLogs: prices.LogRecordsMillion, result.InMetrics: prices.DataPointsMillion}[p.Of.Signal]
	if p.Of.Rest == result.RestBatches {
		each = 0
	}
	sum := 1000*p.Bytes/1e9*prices.TelemetryGB + 1000*p.Count/1e6*each
	if prices.Rate > 0 {
		sum += float64(p.Of.Series) / (1000 * monthHours) * m.millionHours() * prices.SeriesMonth
	}
	return sum
}
