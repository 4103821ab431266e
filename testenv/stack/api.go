package stack

import (
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/artefact"
)

// channels are the channels over which users come.
var channels = []string{"web", "app", "store"}

// variants are the two variants of the ranking.
var variants = []string{"a", "b"}

// Reasons for default content.
const (
	reasonMissing       = "attribute-missing"
	reasonInvalid       = "attribute-invalid"
	reasonUnknownUser   = "unknown-user"
	reasonLowConfidence = "low-confidence"
	reasonModelTimeout  = "model-timeout"
	reasonModelError    = "model-error"
	reasonProfileError  = "profile-error"
	reasonNoContent     = "content-missing"
	reasonNoConsent     = "no-consent"
)

// reasons are all reasons for default content; "" means that there is none.
var reasons = []string{
	"", reasonMissing, reasonInvalid, reasonUnknownUser, reasonLowConfidence,
	reasonModelTimeout, reasonModelError, reasonProfileError, reasonNoContent, reasonNoConsent,
}

// Identities: what is known of who makes a request.
const (
	identityKnown     = "known"     // the user, by the session or by name
	identityAnonymous = "anonymous" // nobody has signed in
	identityLost      = "lost"      // the user has signed in, and the session belongs to nobody
)

var identities = []string{identityKnown, identityAnonymous, identityLost}

// eventTypes are the events that users cause.
var eventTypes = []string{"impression", "click", "purchase"}

const (
	slotsMost = 20  // items in one slate
	idMost    = 128 // bytes of an id
)

// recommendRequest is the body of /v1/recommend and /v1/decide.
type recommendRequest struct {
	RequestID string `json:"request_id,omitempty"` // set by the gateway
	Session   string `json:"session"`
	User      string `json:"user"`                // "" while anonymous, or once the session is linked
	SignedIn  bool   `json:"signed_in,omitempty"` // the client has seen its user sign in
	Channel   string `json:"channel"`
	Slots     int    `json:"slots"`
	Placement string `json:"placement"`
}

func (r recommendRequest) check() error {
	if r.Slots < 1 || r.Slots > slotsMost {
		return fmt.Errorf("slots must be from 1 to %d, got %d", slotsMost, r.Slots)
	}
	if len(r.Placement) > idMost {
		return fmt.Errorf("placement must have at most %d bytes, got %d", idMost, len(r.Placement))
	}
	return checkVisit(r.Session, r.User, r.Channel)
}

// recommendAnswer is the answer to /v1/recommend and /v1/decide.
type recommendAnswer struct {
	RequestID    string   `json:"request_id"`
	User         string   `json:"user"` // the identity that was used, "" if none is known
	Items        []string `json:"items"`
	Variant      string   `json:"variant"`
	Reason       string   `json:"reason"` // "" for personalized content
	ModelVersion string   `json:"model_version"`
	Confidence   float64  `json:"confidence"` // probability that the slate is clicked; 0 without a ranking
}

// loginRequest is the body of /v1/login and /v1/link.
type loginRequest struct {
	Session string `json:"session"`
	User    string `json:"user"`
	Channel string `json:"channel"`
}

func (r loginRequest) check() error {
	if r.User == "" {
		return fmt.Errorf("user must not be empty")
	}
	return checkVisit(r.Session, r.User, r.Channel)
}

// event is the body of /v1/events and the record on the events topic.
type event struct {
	Type      string   `json:"type"`
	Session   string   `json:"session"`
	User      string   `json:"user,omitempty"` // "" once the session is linked, or while anonymous
	Channel   string   `json:"channel"`
	RequestID string   `json:"request_id,omitempty"`
	Items     []string `json:"items,omitempty"` // of an impression
	Item      string   `json:"item,omitempty"`  // of a click or purchase
	Variant   string   `json:"variant,omitempty"`
	Reason    string   `json:"reason,omitempty"`
	DwellMS   float64  `json:"dwell_ms,omitempty"`
	TimeMS    int64    `json:"time_ms"` // Unix time; the gateway's clock when 0
}

func (e event) check() error {
	if !slices.Contains(eventTypes, e.Type) {
		return fmt.Errorf("type must be one of %v, got %q", eventTypes, e.Type)
	}
	if e.Type != "impression" && e.Item == "" {
		return fmt.Errorf("a %s needs an item", e.Type)
	}
	if !slices.Contains(reasons, e.Reason) {
		return fmt.Errorf("reason must be empty or one of %v, got %q", reasons[1:], e.Reason)
	}
	if e.Variant != "" && !slices.Contains(variants, e.Variant) {
		return fmt.Errorf("variant must be empty or one of %v, got %q", variants, e.Variant)
	}
	if e.DwellMS < 0 {
		return fmt.Errorf("dwell_ms must not be negative, got %g", e.DwellMS)
	}
	return checkVisit(e.Session, e.User, e.Channel)
}

func checkVisit(session, user, channel string) error {
	switch {
	case session == "" || len(session) > idMost:
		return fmt.Errorf("session must have 1 to %d bytes, got %d", idMost, len(session))
	case len(user) > idMost:
		return fmt.Errorf("user must have at most %d bytes, got %d", idMost, len(user))
	case !slices.Contains(channels, channel):
		return fmt.Errorf("channel must be one of %v, got %q", channels, channel)
	}
	return nil
}

// profileAnswer is the answer to GET /v1/profile. It holds only what a decision needs, and never the e-mail address.
type profileAnswer struct {
	User    string                         `json:"user"`  // "" while the session is anonymous
	Known   bool                           `json:"known"` // there is a profile
	Consent *bool                          `json:"consent,omitempty"`
	Age     *int                           `json:"age,omitempty"`
	Tier    *string                        `json:"tier,omitempty"`
	Country *string                        `json:"country,omitempty"`
	Clicks  [population.Categories]float64 `json:"clicks"` // by category
	SeenMS  int64                          `json:"seen_ms,omitempty"`
	Batch   int64                          `json:"batch,omitempty"` // with which the profile was delivered
}

// content is the part of an item that is shown.
type content struct {
	ID       string  `json:"id"`
	Title    string  `json:"title"`
	Category int     `json:"category"`
	Price    float64 `json:"price"` // EUR
}

// contentAnswer is the answer to GET /v1/content.
type contentAnswer struct {
	Items   []content `json:"items"`
	Missing []string  `json:"missing,omitempty"`
	Next    int       `json:"next,omitempty"` // how many of the ids this answer is about, if not about all: ask again for the rest
}

// rankRequest is the body of /v1/rank.
type rankRequest struct {
	AgeBand int                            `json:"age_band"` // index into population.AgeBands
	Tier    int                            `json:"tier"`     // index into population.Tiers
	Clicks  [population.Categories]float64 `json:"clicks"`
	Slots   int                            `json:"slots"`
	Variant string                         `json:"variant"`
}

func (r rankRequest) check() error {
	switch {
	case r.AgeBand < 0 || r.AgeBand >= len(population.AgeBands):
		return fmt.Errorf("age_band must be from 0 to %d, got %d", len(population.AgeBands)-1, r.AgeBand)
	case r.Tier < 0 || r.Tier >= len(population.Tiers):
		return fmt.Errorf("tier must be from 0 to %d, got %d", len(population.Tiers)-1, r.Tier)
	case r.Slots < 1 || r.Slots > slotsMost:
		return fmt.Errorf("slots must be from 1 to %d, got %d", slotsMost, r.Slots)
	case !slices.Contains(variants, r.Variant):
		return fmt.Errorf("variant must be one of %v, got %q", variants, r.Variant)
	}
	return nil
}

// rankAnswer is the answer to /v1/rank.
type rankAnswer struct {
	Items      []string  `json:"items"`
	Scores     []float64 `json:"scores"`     // probability of a click at the first position
	Confidence float64   `json:"confidence"` // probability that the slate is clicked
	Version    string    `json:"version"`

	spread float64 // between the probabilities of the best and the worst item of the catalogue
}

// baseline is the answer to GET /v1/baseline: the distributions of the inputs in training.
type baseline struct {
	Version  string                  `json:"version"`
	Features map[string]distribution `json:"features"`
}

// distribution is the distribution of one input.
type distribution = artefact.Distribution
