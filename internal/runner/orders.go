package runner

import "math/rand/v2"

// orders returns, for each round of all launches, the order of the arms. The orders are rows of Williams squares, and for
// each square the arms' numbers and the rows are shuffled anew. Within the rounds of a whole square every arm follows every other
// equally often; wholeSquare says how many rounds that takes. No arm follows itself from one round to the next.
//
// Source: E. J. Williams, Experimental designs balanced for the estimation of residual effects of treatments,
// Australian Journal of Scientific Research A 2 (1949).
func orders(rng *rand.Rand, arms, rounds int) [][]int {
	var out [][]int
	for len(out) < rounds {
		square := shuffled(rng, arms)
		for try := 0; try < 100 && repeats(out, square); try++ { // two arms cannot avoid it, more than two soon do
			square = shuffled(rng, arms)
		}
		out = append(out, square...)
	}
	return out[:rounds]
}

// shuffled is a Williams square with its rows and the numbers of the arms shuffled.
func shuffled(rng *rand.Rand, arms int) [][]int {
	square, label := williams(arms), rng.Perm(arms)
	rng.Shuffle(len(square), func(i, j int) { square[i], square[j] = square[j], square[i] })
	for _, row := range square {
		for i, arm := range row {
			row[i] = label[arm]
		}
	}
	return square
}

// repeats reports whether an arm would follow itself where one row meets the next.
func repeats(before, square [][]int) bool {
	last := -1
	if n := len(before); n > 0 {
		last = before[n-1][len(before[n-1])-1]
	}
	for _, row := range square {
		if row[0] == last {
			return true
		}
		last = row[len(row)-1]
	}
	return false
}

// wholeSquare is how many rounds a Williams square of the arms has.
func wholeSquare(arms int) int {
	if arms%2 == 1 {
		return 2 * arms
	}
	return arms
}

// williams is the square for n treatments: n rows for an even n, 2n for an odd one.
func williams(n int) [][]int {
	first := make([]int, n) // 0, 1, n−1, 2, n−2, …
	for i := 1; i < n; i++ {
		if i%2 == 1 {
			first[i] = (i + 1) / 2
		} else {
			first[i] = n - i/2
		}
	}
	var rows [][]int
	for shift := range n {
		row, mirror := make([]int, n), make([]int, n)
		for i, v := range first {
			row[i] = (v + shift) % n
			mirror[n-1-i] = row[i]
		}
		rows = append(rows, row)
		if n%2 == 1 {
			rows = append(rows, mirror)
		}
	}
	return rows
}
