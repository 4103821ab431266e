package perso

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// slotRun is one slot, from its start until its last answer is in.
type slotRun struct {
	order   slot.Order
	start   time.Time
	cpu     time.Duration // of this process, at start
	records []*record
	out     sync.WaitGroup // requests outstanding
}

// kinds are the kinds of latency, in the order in which they are written.
var kinds = [...]string{result.Service, result.Response, result.Lag}

// recorder keeps the books of slots.
type recorder struct {
	emit *emitter // flushed when a slot is over

	mu    sync.Mutex       // guards what follows, the records of slots that are not finished, and what else its owner says
	spare []*hdr.Histogram // empty, to be used again
	err   error            // first reason why the load cannot be measured
	names []string         // of hops, in the order in which answers named them
}

// fail ends the run for a reason that lies in the load; the lock is held.
func (b *recorder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// failure is the first reason why the load cannot be measured.
func (b *recorder) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// record is what one arm saw in one slot. The recorder's lock guards it until the slotRun is finished.
type record struct {
	run    *slotRun
	report slot.ArmReport
	hists  map[string]*[len(kinds)]*hdr.Histogram // by step; requests behind the wash-out only
	hops   map[hop]*hdr.Histogram                 // likewise, of the main step
	lag    *hdr.Histogram                         // all requests
	spun   time.Duration                          // sum
	last   time.Time                              // last answer in
	turns  int64                                  // turns of a script that have ended; 0 for journeys
	books  *recorder
}

func (b *recorder) newRecord(run *slotRun, arm string) *record {
	return &record{
		run: run, books: b, lag: b.histogram(),
		report: slot.ArmReport{
			Arm: arm, Steps: map[string]int64{}, Default: map[string]int64{}, AgeBands: make([]int64, len(population.AgeBands)),
		},
		hists: map[string]*[len(kinds)]*hdr.Histogram{}, hops: map[hop]*hdr.Histogram{},
	}
}

// histogram returns an empty histogram; recycle takes it back.
func (b *recorder) histogram() *hdr.Histogram {
	if n := len(b.spare); n > 0 {
		h := b.spare[n-1]
		b.spare = b.spare[:n-1]
		return h
	}
	return result.NewHistogram()
}

func (b *recorder) recycle(h *hdr.Histogram) {
	h.Reset()
	b.spare = append(b.spare, h)
}

// send counts a request that is handed to the network.
func (r *record) send(s *journey.Step) {
	r.report.Sent++
	r.report.Steps[s.Kind]++
	switch s.Kind {
	case journey.Impression:
		r.report.Impressions++
	case journey.Click:
		r.report.Clicks++
	case journey.Purchase:
		r.report.Purchases++
	}
}

// add takes the times of a request.
func (r *record) add(s *journey.Step, re journey.Reply) {
	if re.End.After(r.last) {
		r.last = re.End
	}
	if re.Err != nil {
		r.report.Failed++
	}
	hold := r.run.order.Hold
	lag := re.Sent.Sub(re.Scheduled) - hold
	result.Record(r.lag, lag)
	if r.run.order.Phase == slot.Catch {
		r.report.Responded(re.End.Sub(re.Scheduled))
	}
	if re.Scheduled.Sub(r.run.start) < r.run.order.Washout {
		return
	}
	h := r.histograms(s.Kind)
	for i, d := range [...]time.Duration{re.End.Sub(re.Sent), re.End.Sub(re.Scheduled), lag} {
		result.Record(h[i], d)
	}
	if re.HasSpun || hold > 0 {
		r.spun += re.Spun + hold
		r.report.SpunN++
	}
	if re.Err == nil {
		r.parts(s.Kind, re.Hops, re.End.Sub(re.Sent))
	}
}

// histograms are those of a step, in the order of kinds.
func (r *record) histograms(step string) *[len(kinds)]*hdr.Histogram {
	h, ok := r.hists[step]
	if !ok {
		h = new([len(kinds)]*hdr.Histogram)
		for i := range h {
			h[i] = r.books.histogram()
		}
		r.hists[step] = h
	}
	return h
}

// outcome counts what an answer meant for its journey.
func (r *record) outcome(o journey.Outcome) {
	if o.Shown && o.Reason != "" {
		r.report.Default[o.Reason]++
	}
	if o.Broken {
		r.report.Breaks++
	}
}

// finish waits for the last answer and closes the books: it writes the histograms to log, unless that is nil or the phase is
// not recorded, and returns the report. It is an error if the load cannot be measured.
func (b *recorder) finish(run *slotRun, log *result.LatencyWriter) (slot.Report, error) {
	report := b.join(run)
	if run.order.More {
		return report, b.failure()
	}
	hops := b.hops(run.order.Main)
	var errs []error
	var used []*hdr.Histogram
	for _, r := range run.records { // without the lock, since nobody else has them any more: encoding must not delay the next slot
		write := func(step, kind string, h *hdr.Histogram) {
			if log != nil && run.order.Phase != slot.Warmup {
				tag := result.Tag{
					Phase: run.order.Phase, Launch: run.order.Launch, Round: run.order.Round, Arm: r.report.Arm, Step: step, Kind: kind,
				}
				errs = append(errs, log.Write(tag, report.Start, report.End, h))
			}
			used = append(used, h)
		}
		for _, step := range r.steps() {
			for i, h := range r.hists[step] {
				write(step, kinds[i], h)
			}
		}
		for _, of := range hops {
			if h, ok := r.hops[of]; ok {
				write(of.step, of.kind, h)
			}
		}
		used = append(used, r.lag)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range used {
		b.recycle(h)
	}
	return report, errors.Join(append(errs, b.err)...)
}

// steps are those with a histogram, in the order in which they are written: those of journeys, then others by name.
func (r *record) steps() []string {
	var out []string
	for _, step := range journey.Kinds() {
		if _, ok := r.hists[step]; ok {
			out = append(out, step)
		}
	}
	for _, step := range slices.Sorted(maps.Keys(r.hists)) {
		if !slices.Contains(out, step) {
			out = append(out, step)
		}
	}
	return out
}

// join waits for the last answer of a slot and returns its report.
func (b *recorder) join(run *slotRun) slot.Report {
	run.out.Wait()
	b.emit.flush(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	begun := run.start.Add(run.order.Hold)
	report := slot.Report{Order: run.order.ID, Start: begun, End: begun, GeneratorCPU: cpuTime() - run.cpu}
	for _, r := range run.records {
		if r.last.After(report.End) {
			report.End = begun.Add(r.last.Sub(begun)) // the length is by the monotonic clock, also once it is written
		}
		if run.order.More {
			continue
		}
		r.report.LagP99 = time.Duration(r.lag.ValueAtQuantile(99))
		r.report.LagMax = time.Duration(r.lag.Max())
		if run.order.Phase == slot.Capacity {
			r.report.Tails = r.tails()
		}
		r.settle()
		if r.report.SpunN > 0 {
			r.report.Spun = r.spun / time.Duration(r.report.SpunN)
		}
		report.Arms = append(report.Arms, r.report)
	}
	return report
}

// settle counts in requests what was dropped and what was due. A dropped turn counts as many requests as a turn of the slot
// made on average.
func (r *record) settle() {
	r.report.Turns = r.turns
	if w := &r.report; r.turns > 0 && w.Sent > r.turns {
		w.Dropped = w.Dropped * w.Sent / r.turns
	}
	r.report.Scheduled = r.report.Sent + r.report.Dropped
}

// tails are the 99th percentiles of every step that was recorded.
func (r *record) tails() map[string]slot.Tail {
	out := map[string]slot.Tail{}
	for step, h := range r.hists {
		service, response := h[0], h[1]
		out[step] = slot.Tail{
			N:        response.TotalCount(),
			Response: time.Duration(response.ValueAtQuantile(99)), Service: time.Duration(service.ValueAtQuantile(99)),
		}
	}
	return out
}
