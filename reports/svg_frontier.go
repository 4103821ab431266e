package reports

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Geometry of the frontier.
const (
	frontierWidth  = 420.
	frontierLeft   = 44.
	frontierRight  = 408.
	frontierTop    = 10.
	frontierBottom = 300.
)

// frontierPicture draws every level: to the right what it costs, upwards what it caught, both with their intervals; and dashed
// what sampling by a ratio should let it diagnose. It is empty where fewer than two levels have a place.
func frontierPicture(a *verdict.Analysis) template.HTML {
	f := a.Frontier
	by := slices.IndexFunc(f.Metrics, func(m verdict.Metric) bool { return m.ID == f.By.ID })
	if by < 0 {
		return ""
	}
	p := &frontierPlot{canvas: canvas{w: frontierWidth, h: frontierBottom + 40}, y: axis{0, 1, frontierBottom, frontierTop}}
	values := []float64{0}
	for _, point := range f.Points {
		if r := times(costRatio(point, by), 100); known(r.Mid) && point.Catch.Detected.Of > 0 {
			p.points = append(p.points, frontierMark{point, r})
			values = append(values, r.Lo, r.Mid, r.Hi)
		}
	}
	if len(p.points) < 2 {
		return ""
	}
	p.x = newAxis(values, 1, 0.05, frontierLeft, frontierRight)
	p.frame(costName(f.By) + " over " + baselineArm(a).Level)
	p.curve(f)
	var told []string
	for _, m := range p.points {
		p.levelled(m.of.Level, func() {
			p.cross(m.cost, m.of.Catch.Detected, -2, "level")
			p.cross(m.cost, m.of.Catch.Diagnosed, 2, "s5")
		})
		told = append(told, m.words(costName(f.By)))
	}
	p.marks(costName(f.By))
	p.labels()
	return panelsOf(panel("Cost and catch by level", "", p.svg("frontier-plot", "The frontier: share of faults caught by "+costName(f.By)+
		" over "+baselineArm(a).Level, strings.Join(told, "; ")+"."))) + frontierKey(len(f.Sampling) > 0)
}

// costRatio is what a level costs of a metric, as a share of the baseline's.
func costRatio(p verdict.Point, metric int) verdict.Interval {
	if metric >= len(p.Costs) {
		return verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}
	}
	return p.Costs[metric].Ratio
}

// frontierMark is a level that has a place.
type frontierMark struct {
	of   verdict.Point
	cost verdict.Interval // percent
}

// words are what the marks of a level stand for.
func (m frontierMark) words(cost string) string {
	return fmt.Sprintf("%s: %s %s, detected %s, diagnosed %s", m.of.Level, cost, signed(m.cost.Mid, precision(m.cost))+" %",
		part100(m.of.Catch.Detected.Interval.Mid), part100(m.of.Catch.Diagnosed.Interval.Mid))
}

type frontierPlot struct {
	canvas
	x, y   axis
	points []frontierMark
	taken  []box // where something is that no label may cover
}

func (p *frontierPlot) frame(cost string) {
	for _, share := range []float64{0, 0.25, 0.5, 0.75, 1} {
		p.add("line", "x1", frontierLeft, "x2", frontierRight, "y1", p.y.at(share), "y2", p.y.at(share), "class", "grid")
		p.text(frontierLeft-6, p.y.at(share)+4, "end small", fixed(100*share, 0)+" %")
	}
	decimals := 0
	if p.x.hi-p.x.lo < 5 {
		decimals = 1
	}
	label := func(v float64) string { return signed(v, decimals) + " %" }
	for _, v := range roomyTicks(p.x, 5, label) {
		class := "grid"
		if math.Abs(v) < 1e-9 {
			class = "zero"
		}
		p.add("line", "x1", p.x.at(v), "x2", p.x.at(v), "y1", frontierTop, "y2", frontierBottom, "class", class)
		p.text(p.x.at(v), frontierBottom+16, "middle small", label(v))
	}
	p.text((frontierLeft+frontierRight)/2, frontierBottom+33, "middle small", cost)
}

// cross draws the two intervals of a mark, the upright one a little aside, since those of a level would cover each other.
func (p *frontierPlot) cross(cost verdict.Interval, s catch.Share, aside float64, class string) {
	if !known(s.Interval.Mid) {
		return
	}
	x, y := p.x.at(cost.Mid)+aside, p.y.at(s.Interval.Mid)
	if !math.IsNaN(cost.Lo) && !math.IsNaN(cost.Hi) {
		p.add("line", "x1", p.x.at(cost.Lo), "x2", p.x.at(cost.Hi), "y1", y, "y2", y, "class", "bar cross "+class)
	}
	if known(s.Interval.Lo) && known(s.Interval.Hi) {
		p.add("line", "x1", x, "x2", x, "y1", p.y.at(s.Interval.Lo), "y2", p.y.at(s.Interval.Hi), "class", "bar cross "+class)
	}
}

// marks draws the points over all crosses: a disc for detected, and around or apart from it a diamond for diagnosed.
func (p *frontierPlot) marks(cost string) {
	for _, m := range p.points {
		p.levelled(m.of.Level, func() { p.group(m.words(cost), func() { p.mark(m) }) })
	}
}

func (p *frontierPlot) mark(m frontierMark) {
	const r = 7.
	x := p.x.at(m.cost.Mid)
	if share := m.of.Catch.Detected.Interval.Mid; known(share) {
		p.add("circle", "cx", x, "cy", p.y.at(share), "r", 4., "class", "point level")
		p.taken = append(p.taken, around(x, p.y.at(share), 5))
	}
	if share := m.of.Catch.Diagnosed.Interval.Mid; known(share) {
		y := p.y.at(share)
		p.polygon("curve s5", x, y-r, x+r, y, x, y+r, x-r, y)
		p.taken = append(p.taken, around(x, y, r))
	}
}

// curve joins what sampling should let the levels diagnose, and ends at the level that keeps the most traces.
func (p *frontierPlot) curve(f *verdict.Frontier) {
	if len(f.Sampling) == 0 {
		return
	}
	var line [][2]float64
	for _, m := range p.points {
		share := m.of.Predicted
		if m.of.Level == f.Sampling[0].From {
			share = m.of.Catch.Diagnosed.Interval.Mid
		}
		if !known(share) {
			continue
		}
		x, y := p.x.at(m.cost.Mid), p.y.at(share)
		line = append(line, [2]float64{x, y})
		if known(m.of.Predicted) {
			p.levelled(m.of.Level, func() { p.polygon("curve s4 whole", x, y-5, x+5, y+4, x-5, y+4) })
			p.taken = append(p.taken, around(x, y, 5))
		}
	}
	if len(line) > 1 {
		p.add("polyline", "points", polyline(line), "class", "curve s4")
	}
}

// labels writes the names of the levels beside their marks, where they cover neither a mark nor each other.
func (p *frontierPlot) labels() {
	const longest = 16 // characters
	for _, m := range p.points {
		share := m.of.Catch.Detected.Interval.Mid
		if !known(share) {
			continue
		}
		x, y := p.x.at(m.cost.Mid), p.y.at(share)
		width := charWidth * float64(min(max(cellWidth(m.of.Level), 1), longest))
		var at box
		found, own := false, false
		for _, by := range []float64{3, 0, -frontierWidth} { // pixels that no other mark may be nearer by, or hardly farther
			if at, found = p.room(x, y, width, by); found {
				own = by >= 0
				break
			}
		}
		if !found {
			continue // the table has it
		}
		p.taken = append(p.taken, at)
		p.levelled(m.of.Level, func() {
			if tip := at.nearest(x, y); !own || at.distance(x, y) > 14 {
				p.add("line", "x1", x, "y1", y, "x2", tip[0], "y2", tip[1], "class", "leader")
			}
			p.short(at.left, at.bottom-3, width+1, "halo", m.of.Level)
		})
	}
}

// nearest says that the mark of a level at x, y is nearer to a box than any other level's, by so many pixels: a reader then knows
// whose label it is.
func (p *frontierPlot) nearest(at box, x, y, by float64) bool {
	own := at.distance(x, y)
	return !slices.ContainsFunc(p.points, func(m frontierMark) bool {
		mx, my := p.x.at(m.cost.Mid), p.y.at(m.of.Catch.Detected.Interval.Mid)
		return (mx != x || my != y) && at.distance(mx, my) < own+by
	})
}

// room looks for a free place for a label of a width, in rings around its mark: one that is nearer to it than to others.
func (p *frontierPlot) room(x, y, width, by float64) (box, bool) {
	const height, directions = 14., 24
	for _, r := range []float64{10, 16, 24, 34, 46, 60, 76, 94, 114, 136, 160} {
		for i := range directions {
			angle := 2 * math.Pi * float64(i) / directions
			cx, cy := x+(r+width/2)*math.Cos(angle), y-(r+height/2)*math.Sin(angle)
			at := box{cx - width/2, cy - height/2, cx + width/2, cy + height/2}
			inside := at.left >= frontierLeft && at.right <= frontierRight && at.top >= 0 && at.bottom <= frontierBottom
			if inside && !slices.ContainsFunc(p.taken, at.touches) && p.nearest(at, x, y, by) {
				return at, true
			}
		}
	}
	return box{}, false
}

// box is a rectangle in pixels.
type box struct{ left, top, right, bottom float64 }

func around(x, y, r float64) box { return box{x - r, y - r, x + r, y + r} }

func (b box) touches(o box) bool {
	return b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom
}

// nearest is the point of a box that is nearest to another.
func (b box) nearest(x, y float64) [2]float64 {
	return [2]float64{min(max(x, b.left), b.right), min(max(y, b.top), b.bottom)}
}

func (b box) distance(x, y float64) float64 {
	tip := b.nearest(x, y)
	return math.Hypot(tip[0]-x, tip[1]-y)
}

// frontierKey explains the picture.
func frontierKey(sampled bool) template.HTML {
	key := frontierMarks
	if sampled {
		key += frontierForeseen
	}
	return `<ul class="legend" aria-label="Legend of the frontier">` + key + `</ul>`
}

const (
	frontierMarks template.HTML = `
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar cross level"/><circle cx="17" cy="7" r="4" class="point level"/></svg> detected, with both intervals</li>
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar cross s5"/><polygon points="17,0 24,7 17,14 10,7" class="curve s5"/></svg> diagnosed</li>
`
	frontierForeseen template.HTML = `<li><svg width="34" height="14" aria-hidden="true"><line x1="0" x2="34" y1="7" y2="7" class="curve s4"/><polygon points="17,2 22,11 12,11" class="curve s4 whole"/></svg> diagnosed, as sampling by a ratio lets expect</li>
`
)
