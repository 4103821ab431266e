package journey

import "slices"

// Share is which journeys of a plan one of several generators plays: of every Of journeys in a row those with the numbers Own,
// which are sorted, from 0 to Of−1, and at least one. The shares of a plan have no journey in common, and together have all.
// The zero value is the whole plan.
type Share struct {
	Of  int
	Own []int
}

// Has says whether journey n of the plan belongs to the share.
func (s Share) Has(n int) bool {
	if s.Of == 0 {
		return true
	}
	_, found := slices.BinarySearch(s.Own, n%s.Of)
	return found
}

// Nth is the journey of the plan that is the n-th of the share, both counted from 0.
func (s Share) Nth(n int) int {
	if s.Of == 0 {
		return n
	}
	return n/len(s.Own)*s.Of + s.Own[n%len(s.Own)]
}

// Below is how many journeys of the share are among the first n of the plan.
func (s Share) Below(n int) int {
	if s.Of == 0 {
		return n
	}
	rest, _ := slices.BinarySearch(s.Own, n%s.Of)
	return n/s.Of*len(s.Own) + rest
}

// Size is the share of the plan, above 0 and at most 1.
func (s Share) Size() float64 {
	if s.Of == 0 {
		return 1
	}
	return float64(len(s.Own)) / float64(s.Of)
}
