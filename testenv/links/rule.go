package links

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// bodyLimit is how much of a body is read to compare its fields.
const bodyLimit = 64 << 10

// which says which requests a rule takes.
type which struct {
	Path  string            `json:"path"`  // of the request; "": any
	Match map[string]string `json:"match"` // fields of the JSON body, all of them
	Share float64           `json:"share"` // part of these requests; 0: all of them
	By    string            `json:"by"`    // a field of the body: the share is one of its values, and always the same ones
}

func (c which) check() error {
	if c.Share < 0 || c.Share > 1 {
		return fmt.Errorf("share must be from 0 to 1, got %g", c.Share)
	}
	return nil
}

// action does to a request what the rule is there for; next passes it on.
type action func(rw http.ResponseWriter, r *http.Request, next http.HandlerFunc)

// rule is a lever in force at a web.
type rule struct {
	lever string
	text  string // its parameters
	which which
	act   action

	seen, taken atomic.Int64 // requests that fit all but the share; those that were taken
}

// counts is what a rule answers when it is asked.
type counts struct {
	InForce bool  `json:"in_force"`
	Seen    int64 `json:"seen"`
	Taken   int64 `json:"taken"`
}

// takes decides on one request.
func (u *rule) takes(r *http.Request, dice *dice) bool {
	if u.which.Path != "" && u.which.Path != r.URL.Path {
		return false
	}
	var fields map[string]any
	if len(u.which.Match) > 0 || u.which.By != "" {
		fields = fieldsOf(r)
		for name, want := range u.which.Match {
			if fields[name] != any(want) {
				return false
			}
		}
	}
	u.seen.Add(1)
	share := u.which.Share
	switch {
	case share == 0:
	case u.which.By != "" && population.Place(fmt.Sprint(fields[u.which.By])) >= share:
		return false
	case u.which.By == "" && dice.roll() >= share:
		return false
	}
	u.taken.Add(1)
	return true
}

// fieldsOf reads the fields of a JSON body, and leaves the body as it was.
func fieldsOf(r *http.Request) map[string]any {
	read, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), r.Body), r.Body}
	var fields map[string]any
	if err != nil || json.Unmarshal(read, &fields) != nil {
		return nil
	}
	return fields
}

// dice are numbers in [0, 1) by chance, from a seed.
type dice struct {
	mu  *sync.Mutex
	rng *rand.Rand
}

func newDice(seed int64) dice {
	return dice{mu: &sync.Mutex{}, rng: rand.New(rand.NewPCG(uint64(seed), 0))}
}

func (d *dice) roll() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.Float64()
}
