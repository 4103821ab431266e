package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// measured is the toll phase of a run, put in order: its complete rounds by launch.
type measured struct {
	run        result.Run
	baseline   int   // index into run.Arms
	repeat     int   // likewise; −1: the run has none
	delay      int   // likewise
	reference  []int // the arms whose mean is the reference of a round
	launches   [][]round
	numbers    []int           // of the launches
	idle       [][]result.Slot // what each arm used at rest, by arm and launch; nil: not known of all of them
	incomplete int             // rounds that not every arm finished
	slots      []result.Slot   // all of the toll phase
	all        []result.Slot   // of all phases
	lag        *hdr.Histogram
	late       []time.Duration // mean of lag by arm
}

// round is one slot of every arm, by index into Run.Arms.
type round struct {
	slots    []result.Slot
	response []*hdr.PackedHistogram // of the main step; packed, since a night has thousands
}

// place is where a slot stands in a run.
type place struct{ launch, round int }

// measure puts the toll phase in order. It fails when the run has no baseline arm, or two arms of one name.
func measure(d *result.Data) (*measured, error) {
	m := &measured{run: d.Run, all: d.Slots, baseline: -1, repeat: -1, delay: -1, lag: result.NewHistogram()}
	index := map[string]int{}
	for i, a := range d.Run.Arms {
		if _, twice := index[a.Name]; twice {
			return nil, fmt.Errorf("verdict: run %s has two arms named %q: names must be unique", d.Run.ID, a.Name)
		}
		index[a.Name] = i
		switch a.Role {
		case result.RoleBaseline:
			m.baseline = i
		case result.RoleRepeat:
			m.repeat = i
		case result.RoleKnownDelay:
			m.delay = i
		case result.RoleLevel:
		default:
			return nil, fmt.Errorf("verdict: run %s: arm %q has role %q: want %s, %s, %s or %s", d.Run.ID, a.Name, a.Role,
				result.RoleBaseline, result.RoleRepeat, result.RoleKnownDelay, result.RoleLevel)
		}
	}
	if m.baseline < 0 {
		return nil, fmt.Errorf("verdict: run %s has no arm with role %q: its run.json is not complete", d.Run.ID, result.RoleBaseline)
	}
	m.reference = []int{m.baseline}
	if m.repeat >= 0 {
		m.reference = append(m.reference, m.repeat)
	}
	return m, m.rounds(d, index)
}

// rounds collects the slots and histograms of the toll phase and keeps the rounds that every arm finished.
func (m *measured) rounds(d *result.Data, index map[string]int) error {
	all := map[place]*round{}
	at := func(launch, number int) *round {
		p := place{launch, number}
		if all[p] == nil {
			all[p] = &round{make([]result.Slot, len(index)), make([]*hdr.PackedHistogram, len(index))}
		}
		return all[p]
	}
	idle := map[int][]result.Slot{} // by launch
	metrics := metricShares(d)
	for _, s := range d.Slots {
		arm, known := index[s.Arm]
		s.Telemetry.MetricBytes = metricBytes(s, metrics)
		switch {
		case known && s.Phase == slot.Toll:
			at(s.Launch, s.Round).slots[arm] = s
			m.slots = append(m.slots, s)
		case known && s.Phase == slot.Idle:
			if idle[s.Launch] == nil {
				idle[s.Launch] = make([]result.Slot, len(index))
			}
			idle[s.Launch][arm] = s
		}
	}
	lates, sent := make([]float64, len(index)), make([]float64, len(index))
	for _, l := range d.Latency {
		arm, known := index[l.Arm]
		response := l.Kind == result.Response && l.Step == m.run.Plan.MainStep()
		if !known || l.Phase != slot.Toll || !response && l.Kind != result.Lag {
			continue
		}
		h, err := l.Packed()
		if err != nil {
			return fmt.Errorf("verdict: %w", err)
		}
		if response {
			at(l.Launch, l.Round).response[arm] = h
			continue
		}
		h.MergeInto(m.lag)
		n := h.TotalCount()
		lates[arm], sent[arm] = lates[arm]+h.Mean()*float64(n), sent[arm]+float64(n)
	}
	for arm := range lates {
		m.late = append(m.late, time.Duration(lates[arm]/max(1, sent[arm])))
	}
	places := make([]place, 0, len(all))
	for p, r := range all {
		if r.complete() {
			places = append(places, p)
		} else {
			m.incomplete++
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.launch, b.launch), cmp.Compare(a.round, b.round))
	})
	for i, p := range places {
		if i == 0 || places[i-1].launch != p.launch {
			m.launches, m.numbers = append(m.launches, nil), append(m.numbers, p.launch)
		}
		last := len(m.launches) - 1
		m.launches[last] = append(m.launches[last], *all[p])
	}
	m.rest(idle)
	return nil
}

func (r *round) complete() bool {
	for i := range r.slots {
		if r.slots[i].Arm == "" || r.response[i] == nil {
			return false
		}
	}
	return true
}

// upTo is what was measured in the launches before the given number.
func (m *measured) upTo(launch int) *measured {
	part := *m
	n := len(m.numbers)
	for n > 0 && m.numbers[n-1] >= launch {
		n--
	}
	part.launches, part.numbers = m.launches[:n], m.numbers[:n]
	if m.idle != nil {
		part.idle = make([][]result.Slot, len(m.idle))
		for arm, launches := range m.idle {
			part.idle[arm] = launches[:n]
		}
	}
	return &part
}

// over is the number of launches that have had all their rounds.
func (m *measured) over() int {
	last := -1
	for _, s := range m.slots {
		ended := s.Launch
		if s.Round < m.run.Plan.Rounds-1 {
			ended--
		}
		last = max(last, ended)
	}
	return last + 1
}

// complete is the number of complete rounds.
func (m *measured) complete() int {
	n := 0
	for _, launch := range m.launches {
		n += len(launch)
	}
	return n
}

// merge replaces the values of a histogram by the responses of an arm over some rounds of one launch.
func merge(into *hdr.Histogram, rounds []round, arm int) {
	into.Reset()
	for _, r := range rounds {
		r.response[arm].MergeInto(into)
	}
}
