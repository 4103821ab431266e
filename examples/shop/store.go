package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// product is what can be bought.
type product struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Cents int    `json:"cents"`
}

// catalogue is all products, with an index for the search. It does not change.
type catalogue struct {
	products map[string]product
	grams    map[string]map[string]bool // by product: the groups of three letters in its title
}

// newCatalogue makes up a catalogue: every colour of every thing in every size.
func newCatalogue() *catalogue {
	c := &catalogue{products: map[string]product{}, grams: map[string]map[string]bool{}}
	for _, colour := range []string{"red", "green", "blue", "yellow", "black", "white", "silver", "golden"} {
		for _, thing := range []string{"shoes", "hat", "jacket", "scarf", "bag", "umbrella", "watch", "belt", "gloves", "socks"} {
			for size := 1; size <= 5; size++ {
				p := product{ID: fmt.Sprintf("p%d", len(c.products)+1), Title: fmt.Sprintf("%s %s size %d", colour, thing, size), Cents: 100 * (5 + len(c.products)%95)}
				c.products[p.ID] = p
				c.grams[p.ID] = grams(p.Title)
			}
		}
	}
	return c
}

// grams are the groups of three letters in a text.
func grams(text string) map[string]bool {
	out := map[string]bool{}
	text = " " + strings.ToLower(text) + " "
	for i := 0; i+3 <= len(text); i++ {
		out[text[i:i+3]] = true
	}
	return out
}

// search returns the n products whose titles are most like the query, the best first.
func (c *catalogue) search(query string, n int) []product {
	type hit struct {
		product
		score float64
	}
	want := grams(query)
	var hits []hit
	for id, have := range c.grams {
		common := 0
		for g := range want {
			if have[g] {
				common++
			}
		}
		if common > 0 {
			hits = append(hits, hit{c.products[id], float64(common) / float64(len(want)+len(have)-common)})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.ID, b.ID)) })
	found := []product{}
	for _, h := range hits[:min(n, len(hits))] {
		found = append(found, h.product)
	}
	return found
}

// carts are what users want to buy. A cart keeps its latest items.
type carts struct {
	mu     sync.Mutex
	byUser map[string][]string
}

const cartItems = 20

func newCarts() *carts { return &carts{byUser: map[string][]string{}} }

// add puts a product into a cart and returns how many products the cart holds.
func (c *carts) add(user, id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	items := append(c.byUser[user], id)
	items = items[max(0, len(items)-cartItems):]
	c.byUser[user] = items
	return len(items)
}

// of returns the ids of the products in a user's cart.
func (c *carts) of(user string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.byUser[user]...)
}
