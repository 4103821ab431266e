package catch

// Inversion is a fault that was detected at a lower level and missed at a higher one, which should see no less: levels are in the
// order from lean to rich. Chance makes some, since most faults are injected once.
type Inversion struct {
	Fault    string
	Detected []string // levels at which more of its passes were detected than at some higher one
	Missed   []Miss   // these higher ones
}

// Miss is a level at which a fault was missed.
type Miss struct {
	Level string
	State State // of the first pass that was not detected: it tells whether the level could have
}

// Inversions are the faults that a lower level detected and a higher one did not, or in fewer of their passes; sorted by name. The
// tallies are of one matrix, in the order of its levels.
func Inversions(tallies []Tally) []Inversion {
	if len(tallies) == 0 {
		return nil
	}
	var out []Inversion
	for i, s := range tallies[0].Scores {
		inv := Inversion{Fault: s.Fault}
		for level, t := range tallies {
			if beats(t.Scores[i], tallies[level+1:], i) {
				inv.Detected = append(inv.Detected, t.Level)
			}
			if beaten(t.Scores[i], tallies[:level], i) {
				inv.Missed = append(inv.Missed, Miss{t.Level, t.Scores[i].Miss})
			}
		}
		if len(inv.Missed) > 0 {
			out = append(out, inv)
		}
	}
	return out
}

// more says that a larger part of the judged passes was detected.
func (s Score) more(than Score) bool {
	return s.Judged > 0 && than.Judged > 0 && s.Detected*than.Judged > than.Detected*s.Judged
}

func beats(s Score, others []Tally, fault int) bool {
	for _, other := range others {
		if s.more(other.Scores[fault]) {
			return true
		}
	}
	return false
}

func beaten(s Score, others []Tally, fault int) bool {
	for _, other := range others {
		if other.Scores[fault].more(s) {
			return true
		}
	}
	return false
}

// Covers says that one level caught all that another did, fault by fault: what the other detected in some part of its passes it
// detected in at least as large a part, and likewise what the other diagnosed. It is false where a fault that the other caught was
// not judged at this one. Both are of one matrix.
func (t Tally) Covers(other Tally) bool {
	for i, o := range other.Scores {
		if o.Detected+o.Diagnosed == 0 {
			continue
		}
		s := t.Scores[i]
		if s.Judged == 0 || s.Detected*o.Judged < o.Detected*s.Judged || s.Diagnosed*o.Judged < o.Diagnosed*s.Judged {
			return false
		}
	}
	return true
}
