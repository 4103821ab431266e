// Package population is the seeded crowd behind tollgate's journeys. A user has attributes that a system may know, a taste that
// it may not know, and a rule by which the user clicks. The load generator draws its users from the population, and the stack's
// model is trained on it, so a recommendation is good or bad for a reason.
//
// Everything is a pure function of the seed; a Population is immutable and safe for concurrent use.
package population

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// Categories is the number of item categories; a taste has one weight for each.
const Categories = 8

// AgeBands names the bands that ages fall into, youngest first.
var AgeBands = []string{"18-24", "25-34", "35-44", "45-59", "60+"}

// Tiers names the loyalty tiers, lowest first.
var Tiers = []string{"basic", "silver", "gold"}

// Countries names the countries users come from, the largest first.
var Countries = []string{"SE", "DE", "PL", "NL"}

// User is one member of the population.
type User struct {
	ID      string // "u" and the index, e.g. "u17"
	Index   int    // in [0, Population.Users)
	Age     int    // years, 18 to 84
	Tier    string // one of Tiers
	Country string // one of Countries
	Email   string // sensitive: synthetic, at the reserved domain example.com
	Taste   [Categories]float64
}

// Item is one entry of the catalogue.
type Item struct {
	ID         string // "i" and the index, e.g. "i42"
	Index      int    // in [0, Population.Items)
	Category   int    // in [0, Categories)
	Popularity float64
	Price      float64 // in EUR
}

// Drift moves the population away from the population that the model was trained on. The zero value is no drift.
type Drift struct {
	// Taste in [0, 1] blends every taste towards the same taste turned by three categories.
	Taste float64 `json:"taste"`
	// Mix in [0, 1] is the probability that an arriving user is drawn from the youngest two age bands only.
	Mix float64 `json:"mix"`
	// Split in [0, 1] is the probability that an arriving user's client goes on under a new session id after the login.
	Split float64 `json:"split,omitempty"`
	// Programs is what is wrong with the programs that the users use.
	Programs Programs `json:"programs,omitzero"`
}

// Programs is what is wrong with the programs that users use: the shop's pages and its app. In the zero value nothing is.
type Programs struct {
	// LateChannel is the channel whose programs have a clock that is Late behind; "" is none.
	LateChannel string        `json:"late_channel,omitempty"`
	Late        time.Duration `json:"late,omitempty"` // ns
	// Resend in [0, 1] is the share of clicks that are sent again although the first sending was answered.
	Resend float64 `json:"resend,omitempty"`
}

// Population is the crowd and the catalogue.
type Population struct {
	seed  uint64
	users []User
	items []Item
	young []int // indices of users in the youngest two bands
}

// New returns the population of the seed, with users people and items things. It panics if either is below 1:
// both are validated where they are read.
func New(seed int64, users, items int) *Population {
	if users < 1 || items < 1 {
		panic(fmt.Sprintf("population: users and items must be positive, got %d and %d", users, items))
	}
	p := &Population{seed: uint64(seed)}
	rng := rand.New(rand.NewPCG(p.seed, 0x706f70))
	bandWeights := []float64{0.16, 0.24, 0.24, 0.22, 0.14}
	tierWeights := []float64{0.6, 0.3, 0.1}
	countryWeights := []float64{0.4, 0.3, 0.2, 0.1}
	for i := range users {
		band := pick(rng, bandWeights)
		u := User{
			ID:      fmt.Sprintf("u%d", i),
			Index:   i,
			Age:     ageIn(rng, band),
			Tier:    Tiers[pick(rng, tierWeights)],
			Country: Countries[pick(rng, countryWeights)],
			Email:   fmt.Sprintf("user%d@example.com", i),
		}
		// The age band explains most of the taste, the tier a little, the person the rest.
		for c := range u.Taste {
			u.Taste[c] = 2.4*bump(c, band*2) + 0.5*bump(c, tierIndex(u.Tier)*3+1) + 0.5*rng.NormFloat64()
		}
		if band < 2 {
			p.young = append(p.young, i)
		}
		p.users = append(p.users, u)
	}
	if len(p.young) == 0 {
		p.young = append(p.young, 0)
	}
	for i := range items {
		p.items = append(p.items, Item{
			ID:         fmt.Sprintf("i%d", i),
			Index:      i,
			Category:   i % Categories,
			Popularity: math.Exp(-float64(i) / float64(items) * 3),
			Price:      math.Round((5+95*rng.Float64())*100) / 100,
		})
	}
	return p
}

// Users returns the number of users.
func (p *Population) Users() int { return len(p.users) }

// Items returns the catalogue; the caller must not change it.
func (p *Population) Items() []Item { return p.items }

// User returns user i, in [0, Users).
func (p *Population) User(i int) User { return p.users[i] }

// Item returns the item with the given id.
func (p *Population) Item(id string) (Item, bool) {
	var i int
	if _, err := fmt.Sscanf(id, "i%d", &i); err != nil || i < 0 || i >= len(p.items) {
		return Item{}, false
	}
	return p.items[i], true
}

// ItemFor maps any foreign item id to an item of the catalogue, always the same id to the same item.
func (p *Population) ItemFor(id string) Item { return p.items[hash(id)%uint64(len(p.items))] }

// UserFor maps any foreign user or session id to a user of the population, always the same id to the same user.
func (p *Population) UserFor(id string) User { return p.users[hash(id)%uint64(len(p.users))] }

// Arrive draws the next user to arrive under a drift, with the caller's random source.
func (p *Population) Arrive(rng *rand.Rand, d Drift) User {
	// Both draws are always made, so that after a drift the sequence continues as it would without the drift.
	mix, any, young := rng.Float64(), rng.IntN(len(p.users)), rng.IntN(len(p.young))
	if mix < d.Mix {
		return p.users[p.young[young]]
	}
	return p.users[any]
}

// ClickProbability is the probability that the user clicks the item at a position of a slate (0 is the first),
// given that nothing above it was clicked: a logistic rule on taste and popularity, with position bias.
func (p *Population) ClickProbability(u User, it Item, position int, d Drift) float64 {
	taste := u.Taste[it.Category]
	if d.Taste > 0 {
		taste = (1-d.Taste)*taste + d.Taste*u.Taste[(it.Category+3)%Categories]
	}
	score := -4.3 + 1.1*taste + 0.4*it.Popularity
	return 1 / (1 + math.Exp(-score)) / (1 + 0.25*float64(position))
}

// Click returns the position on a slate that the user clicks, or −1 for none. u in [0, 1) is the caller's random number.
func (p *Population) Click(user User, slate []Item, d Drift, u float64) int {
	cumulative, left := 0.0, 1.0
	for pos, it := range slate {
		pc := left * p.ClickProbability(user, it, pos, d)
		cumulative += pc
		left -= pc
		if u < cumulative {
			return pos
		}
	}
	return -1
}

// AgeBand returns the index into AgeBands for an age in years, or −1 for an impossible age (below 0 or over 120).
func AgeBand(age int) int {
	switch {
	case age < 0 || age > 120:
		return -1
	case age < 25:
		return 0
	case age < 35:
		return 1
	case age < 45:
		return 2
	case age < 60:
		return 3
	default:
		return 4
	}
}

func ageIn(rng *rand.Rand, band int) int {
	low := []int{18, 25, 35, 45, 60}[band]
	high := []int{25, 35, 45, 60, 85}[band]
	return low + rng.IntN(high-low)
}

func tierIndex(tier string) int {
	for i, t := range Tiers {
		if t == tier {
			return i
		}
	}
	return 0
}

// bump is a smooth preference on the circle of categories: 1 at its centre and 0 opposite of it.
func bump(c, centre int) float64 {
	angle := 2 * math.Pi * float64(c-centre) / Categories
	return math.Exp(1.5 * (math.Cos(angle) - 1))
}

func pick(rng *rand.Rand, weights []float64) int {
	u := rng.Float64()
	for i, w := range weights {
		if u < w {
			return i
		}
		u -= w
	}
	return len(weights) - 1
}

// Place gives a text its place in [0, 1), always the same one. What is below a share is below every larger share, too.
func Place(text string) float64 {
	x := hash(text)
	x ^= x >> 33 // FNV leaves the high bits of similar texts similar: finish with a mixing step
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}
