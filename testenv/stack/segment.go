package stack

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// segment is the group into which the rules put a user, or the reason why they could not.
type segment struct {
	band, tier int      // indices into population.AgeBands and population.Tiers; −1: not computable
	reason     string   // "", reasonNoConsent, reasonMissing or reasonInvalid
	attribute  string   // the first attribute that causes the reason; "" without a reason
	missing    []string // all attributes that were not delivered
	impossible []string // all attributes that no user has in this way, whether the rules can do with them or not
}

// Ages in years of those who can be users: they have to be of age.
const youngest, oldest = 18, 120

// segmentOf applies the rules: a user's segment is the pair of age band and loyalty tier, and needs both. Without the user's
// consent it looks at neither.
func segmentOf(p profileAnswer) segment {
	s := segment{band: -1, tier: -1}
	if p.Consent == nil || !*p.Consent {
		s.reason, s.attribute = reasonNoConsent, "consent"
		return s
	}
	if p.Age != nil && (*p.Age < youngest || *p.Age > oldest) {
		s.impossible = append(s.impossible, "age")
	}
	if p.Age == nil {
		s.blame(reasonMissing, "age")
	} else if s.band = population.AgeBand(*p.Age); s.band < 0 {
		s.blame(reasonInvalid, "age")
	}
	if p.Tier == nil {
		s.blame(reasonMissing, "tier")
	} else if s.tier = slices.Index(population.Tiers, *p.Tier); s.tier < 0 {
		s.impossible = append(s.impossible, "tier")
		s.blame(reasonInvalid, "tier")
	}
	return s
}

func (s *segment) blame(reason, attribute string) {
	if reason == reasonMissing {
		s.missing = append(s.missing, attribute)
	}
	if s.reason == "" {
		s.reason, s.attribute = reason, attribute
	}
}

// name returns the name of the segment, e.g. 25-34/gold.
func (s segment) name() string { return s.ageBin() + "/" + s.tierBin() }

func (s segment) ageBin() string {
	if s.band < 0 {
		return missingBin
	}
	return population.AgeBands[s.band]
}

func (s segment) tierBin() string {
	if s.tier < 0 {
		return missingBin
	}
	return population.Tiers[s.tier]
}
