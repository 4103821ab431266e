package stats

// ShareBounds are the exact bounds of the share of yes among n independent answers: each end holds by itself at the confidence. See
// ClopperPearson.
func ShareBounds(yes, n int, confidence float64) Interval {
	return ClopperPearson(float64(yes), float64(n), 2*confidence-1)
}

// ExactShare is ClopperPearson for whole answers, with one end that is one-sided where all are alike: of 5 times yes at 95 %, the share
// is at least 55 %, and the other end is 1.
func ExactShare(yes, n int, confidence float64) Interval {
	if yes == 0 || yes == n {
		return ShareBounds(yes, n, confidence)
	}
	return ClopperPearson(float64(yes), float64(n), confidence)
}
