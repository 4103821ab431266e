package journey

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// Identity is what a recording says of who its users are. Sessions with one user id are the same person's in a replay, on whatever
// channel: so they are stitched.
type Identity struct {
	Users         int // distinct ids
	Stitched      int // sessions of users who have more than one
	Across        int // users who are on more than one channel
	Late          int // sessions that log in after their first event
	Anonymous     int // sessions of nobody
	Several       int // sessions on more than one channel
	WithoutColumn bool
}

// people counts users. It holds 64 bits of each id, so that two of a million are taken for one with a chance of 3 in 100 million.
type people struct {
	seed     maphash.Seed
	users    map[uint64]person
	identity Identity
	named    bool
}

// person is what is known of a user: its channels as bits, and whether it has more than one session.
type person struct{ channels, sessions uint8 }

func newPeople() *people { return &people{seed: maphash.MakeSeed(), users: map[uint64]person{}} }

func (p *people) add(s session) {
	var channels uint8
	for _, e := range s.events {
		channels |= 1 << slices.Index([]string{Web, App, Store}, e.channel)
	}
	if bits.OnesCount8(channels) > 1 {
		p.identity.Several++
	}
	p.named = p.named || s.named
	if s.user == "" {
		p.identity.Anonymous++
		return
	}
	if s.events[0].user == "" {
		p.identity.Late++
	}
	key := maphash.String(p.seed, s.user)
	u := p.users[key]
	switch {
	case u.sessions == 1:
		p.identity.Stitched += 2
	case u.sessions > 1:
		p.identity.Stitched++
	}
	u.channels |= channels
	u.sessions = min(u.sessions+1, 2)
	p.users[key] = u
}

func (p *people) count() Identity {
	p.identity.Users, p.identity.WithoutColumn = len(p.users), !p.named
	for _, u := range p.users {
		if bits.OnesCount8(u.channels) > 1 {
			p.identity.Across++
		}
	}
	return p.identity
}
