package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

const (
	modelLimit   = 250 * time.Millisecond
	profileLimit = time.Second

	// confidenceLeast is a predicted probability of a click. A ranking below it is no better than a guess: even default content
	// is clicked more often.
	confidenceLeast = 0.1
)

// decisionService decides what a user is shown. It finds the user's segment by rules and has the model rank the items. If
// either fails, it answers with default content and the reason.
type decisionService struct {
	tel     *telemetry
	profile *client
	model   *client
	popular []string // default content: the most popular items
	ranking experiment
	signals *decisionSignals
}

func newDecision(_ context.Context, cfg Config, tel *telemetry) (parts, error) {
	s := &decisionService{
		tel:     tel,
		ranking: newExperiment(),
		profile: newClient(cfg.ProfileURL, profileLimit, tel),
		model:   newClient(cfg.ModelURL, modelLimit, tel),
		popular: popularItems(population.New(cfg.Seed, cfg.Users, cfg.Items).Items(), slotsMost),
	}
	var err error
	if s.signals, err = newDecisionSignals(tel, cfg.ItemLabels); err != nil {
		return parts{}, err
	}
	return parts{
		routes: map[string]http.HandlerFunc{"POST /v1/decide": s.decide},
		endpoints: []endpoint{
			{name: lever.AssignVariants, force: s.assign},
			{name: lever.CountVariants, act: s.countVariants},
		},
		prepare: func(ctx context.Context) error {
			var base baseline
			get := func(ctx context.Context) error { return s.model.fetch(ctx, "/v1/baseline", &base) }
			if err := retry(ctx, get); err != nil {
				return fmt.Errorf("model: %w", err)
			}
			s.signals.start(base)
			if err := retry(ctx, s.profile.healthy); err != nil {
				return fmt.Errorf("profile: %w", err)
			}
			return nil
		},
		close: func(context.Context) error {
			s.profile.close()
			s.model.close()
			return nil
		},
	}, nil
}

func (s *decisionService) decide(w http.ResponseWriter, r *http.Request) {
	var req recommendRequest
	if !read(w, r, &req) {
		return
	}
	d := s.choose(r.Context(), req)
	if d.reason != "" {
		d.answer.Items = s.popular[:min(req.Slots, len(s.popular))]
	}
	d.answer.RequestID, d.answer.Reason = req.RequestID, d.reason
	s.signals.decided(r.Context(), req, d)
	reply(w, http.StatusOK, d.answer)
}

// decision is one decision, with its inputs.
type decision struct {
	answer  recommendAnswer
	profile profileAnswer
	segment segment
	found   string // one of identities; "" if the profile could not be read
	rules   string // version of the rules by which the variant was chosen
	reason  string // "" for personalized content
	err     error  // the error behind the reason, if any
}

// choose makes the decision. The caller adds the items of default content.
func (s *decisionService) choose(ctx context.Context, req recommendRequest) (d decision) {
	d.answer.User = req.User
	rules := s.ranking.rules()
	d.rules, d.answer.Variant = rules.Version, rules.variantOf(req.User, req.Session)
	query := url.Values{"session": {req.Session}, "user": {req.User}}.Encode()
	if d.err = s.profile.get(ctx, "/v1/profile", query, &d.profile); d.err != nil {
		d.reason = reasonProfileError
		return d
	}
	d.answer.User, d.found = d.profile.User, identityOf(req, d.profile)
	d.answer.Variant = rules.variantOf(d.profile.User, req.Session)
	if !d.profile.Known {
		d.reason = reasonUnknownUser
		return d
	}
	d.segment = segmentOf(d.profile)
	if d.segment.reason != "" {
		d.reason = d.segment.reason
		return d
	}
	d.reason, d.err = s.rank(ctx, req.Slots, &d)
	return d
}

// identityOf says what is known of who makes a request.
func identityOf(req recommendRequest, p profileAnswer) string {
	switch {
	case p.User != "":
		return identityKnown
	case req.SignedIn:
		return identityLost
	}
	return identityAnonymous
}

// rank fills in the items that the model ranks highest, or returns the reason why they must not be shown.
func (s *decisionService) rank(ctx context.Context, slots int, d *decision) (reason string, err error) {
	ask := rankRequest{
		AgeBand: d.segment.band, Tier: d.segment.tier, Clicks: d.profile.Clicks, Slots: slots, Variant: d.answer.Variant,
	}
	var ranked rankAnswer
	if _, err := s.model.post(ctx, "/v1/rank", ask, &ranked); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return reasonModelTimeout, err
		}
		return reasonModelError, err
	}
	d.answer.ModelVersion, d.answer.Confidence = ranked.Version, ranked.Confidence
	if ranked.Confidence < confidenceLeast {
		return reasonLowConfidence, nil
	}
	missing, err := s.missing(ctx, ranked.Items)
	if err != nil {
		return reasonProfileError, err
	}
	items := slices.DeleteFunc(ranked.Items, func(id string) bool { return slices.Contains(missing, id) })
	if len(items) == 0 {
		return reasonNoContent, nil
	}
	d.answer.Items = items
	return "", nil
}
