package perso

import (
	"errors"
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
)

// slotRun is one slot while it is on, and until its last answer is in.
type slotRun struct {
	order   slot.Order
	start   time.Time
	cpu     time.Duration // of this process, at start
	records []*record
	out     sync.WaitGroup // requests outstanding
}

// kinds are the kinds of latency, in the order in which they are written.
var kinds = [...]string{result.Service, result.Response, result.Lag}

// record is what one arm saw in one slot. The driver's lock guards it until the slotRun is finished.
type record struct {
	run    *slotRun
	client *client
	report slot.ArmReport
	hists  map[string]*[len(kinds)]*hdr.Histogram // by step; requests behind the wash-out only
	lag    *hdr.Histogram                         // all requests
	spun   time.Duration                          // sum
	last   time.Time                              // last answer in
	driver *driver
}

func (d *driver) newRecord(run *slotRun, a *arm) *record {
	return &record{
		run: run, client: a.client, driver: d, lag: d.histogram(),
		report: slot.ArmReport{Arm: a.name, Steps: map[string]int64{}, Default: map[string]int64{}},
		hists:  map[string]*[len(kinds)]*hdr.Histogram{},
	}
}

// histogram returns an empty histogram; recycle takes it back.
func (d *driver) histogram() *hdr.Histogram {
	if n := len(d.spare); n > 0 {
		h := d.spare[n-1]
		d.spare = d.spare[:n-1]
		return h
	}
	return result.NewHistogram()
}

func (d *driver) recycle(h *hdr.Histogram) {
	h.Reset()
	d.spare = append(d.spare, h)
}

// send counts a request that is handed to the network.
func (r *record) send(s *step) {
	r.report.Sent++
	r.report.Steps[s.kind]++
	switch s.kind {
	case Impression:
		r.report.Impressions++
	case Click:
		r.report.Clicks++
	case Purchase:
		r.report.Purchases++
	}
}

// add takes the times of a request.
func (r *record) add(s *step, re reply) {
	if re.end.After(r.last) {
		r.last = re.end
	}
	if re.err != nil {
		r.report.Failed++
	}
	lag := re.sent.Sub(re.scheduled)
	result.Record(r.lag, lag)
	if re.scheduled.Sub(r.run.start) < r.run.order.Washout {
		return
	}
	h, ok := r.hists[s.kind]
	if !ok {
		h = new([len(kinds)]*hdr.Histogram)
		for i := range h {
			h[i] = r.driver.histogram()
		}
		r.hists[s.kind] = h
	}
	for i, d := range [...]time.Duration{re.end.Sub(re.sent), re.end.Sub(re.scheduled), lag} {
		result.Record(h[i], d)
	}
	if re.hasSpn {
		r.spun += re.spun
		r.report.SpunN++
	}
}

// outcome takes what an answer meant.
func (r *record) outcome(o outcome) {
	if o.shown && o.reason != "" {
		r.report.Default[o.reason]++
	}
	if o.broken {
		r.report.Breaks++
	}
}

// finish waits for the last answer and closes the books: it writes the histograms to log, unless that is nil or the phase is
// not recorded, and returns the report.
func (d *driver) finish(run *slotRun, log *result.LatencyWriter) (slot.Report, error) {
	report := d.join(run)
	var errs []error
	var used []*hdr.Histogram
	for _, r := range run.records { // nobody else reaches them any more: encoding must not hold up the slot that is on

		for _, step := range stepOrder {
			hists, ok := r.hists[step]
			if !ok {
				continue
			}
			for i, h := range hists {
				if log != nil && run.order.Phase != slot.Warmup {
					tag := result.Tag{
						Phase: run.order.Phase, Launch: run.order.Launch, Round: run.order.Round,
						Arm: r.report.Arm, Step: step, Kind: kinds[i],
					}
					errs = append(errs, log.Write(tag, report.Start, report.End, h))
				}
				used = append(used, h)
			}
		}
		used = append(used, r.lag)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range used {
		d.recycle(h)
	}
	return report, errors.Join(errs...)
}

// stepOrder is the order in which steps are written and shown.
var stepOrder = [...]string{Login, Recommend, Impression, Click, Purchase}

// join waits for the last answer of a slot and returns its report.
func (d *driver) join(run *slotRun) slot.Report {
	run.out.Wait()
	d.emit.flush(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	report := slot.Report{Order: run.order.ID, Start: run.start, End: run.start, GeneratorCPU: cpuTime() - run.cpu}
	for _, r := range run.records {
		if r.last.After(report.End) {
			report.End = r.last
		}
		r.report.LagP99 = time.Duration(r.lag.ValueAtQuantile(99))
		r.report.LagMax = time.Duration(r.lag.Max())
		if r.report.SpunN > 0 {
			r.report.Spun = r.spun / time.Duration(r.report.SpunN)
		}
		report.Arms = append(report.Arms, r.report)
	}
	return report
}
