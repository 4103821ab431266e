package runner

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestOrdersAreBalanced(t *testing.T) {
	for n := 2; n <= 9; n++ {
		rows := wholeSquare(n)
		follows := map[[2]int]int{}
		for _, order := range orders(rand.New(rand.NewPCG(1, 2)), n, rows) {
			if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, iota(n)) {
				t.Fatalf("n=%d: %v is not a permutation", n, order)
			}
			for i := 1; i < n; i++ {
				follows[[2]int{order[i-1], order[i]}]++
			}
		}
		want := rows / n
		for a := range n {
			for b := range n {
				if a != b && follows[[2]int{a, b}] != want {
					t.Errorf("n=%d: %d follows %d %d times, want %d", n, b, a, follows[[2]int{a, b}], want)
				}
			}
		}
	}
}

func TestNoArmFollowsItself(t *testing.T) {
	for n := 3; n <= 10; n++ {
		last := -1
		for round, order := range orders(rand.New(rand.NewPCG(3, uint64(n))), n, 40) {
			if order[0] == last {
				t.Errorf("n=%d: arm %d follows itself into round %d", n, last, round)
			}
			last = order[n-1]
		}
	}
}

func TestOrdersAreAFunctionOfTheSeed(t *testing.T) {
	a := orders(rand.New(rand.NewPCG(7, 0)), 6, 20)
	b := orders(rand.New(rand.NewPCG(7, 0)), 6, 20)
	c := orders(rand.New(rand.NewPCG(8, 0)), 6, 20)
	equal := func(x, y [][]int) bool { return slices.EqualFunc(x, y, slices.Equal[[]int]) }
	if len(a) != 20 || !equal(a, b) {
		t.Error("the same seed gives another plan")
	}
	if equal(a, c) {
		t.Error("another seed gives the same plan")
	}
}

func iota(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
