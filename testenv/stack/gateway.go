package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// gatewayService is the entrance of all channels.
type gatewayService struct {
	cfg      Config
	tel      *telemetry
	decision *client
	profile  *client
	events   *producer
}

// Limits of the gateway's calls.
const (
	decisionLimit = 2 * time.Second
	loginLimit    = time.Second
)

func newGateway(_ context.Context, cfg Config, tel *telemetry) (parts, error) {
	events, err := newProducer(cfg, role.EventsTopic(cfg.Arm), tel)
	if err != nil {
		return parts{}, err
	}
	s := &gatewayService{
		cfg: cfg, tel: tel, events: events,
		decision: newClient(cfg.DecisionURL, decisionLimit, tel),
		profile:  newClient(cfg.ProfileURL, loginLimit, tel),
	}
	return parts{
		routes: map[string]http.HandlerFunc{
			"POST /v1/recommend": s.recommend,
			"POST /v1/events":    s.event,
			"POST /v1/login":     s.login,
		},
		endpoints: []endpoint{{name: lever.EventsTopic, force: s.configure}},
		prepare: func(ctx context.Context) error {
			if err := retry(ctx, s.decision.healthy); err != nil {
				return fmt.Errorf("decision: %w", err)
			}
			if err := retry(ctx, s.profile.healthy); err != nil {
				return fmt.Errorf("profile: %w", err)
			}
			return events.ready(ctx)
		},
		close: func(ctx context.Context) error {
			s.decision.close()
			s.profile.close()
			return events.close(ctx)
		},
	}, nil
}

// eventsTopic is the part of the configuration that operators change while the gateway runs.
type eventsTopic struct {
	Topic string `json:"topic"`
}

// topicName is what Kafka takes as the name of a topic.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// configure is the lever events-topic.
func (s *gatewayService) configure(params json.RawMessage) (func(), error) {
	var c eventsTopic
	if err := decode(params, &c); err != nil {
		return nil, err
	}
	if !topicName.MatchString(c.Topic) {
		return nil, fmt.Errorf("%w: topic must match %v, got %q", errParams, topicName, c.Topic)
	}
	if s.events.to.Load().topic == c.Topic {
		return s.restore, nil // a renewal
	}
	if err := s.direct(c.Topic); err != nil {
		return nil, err
	}
	return s.restore, nil
}

// restore has the events go to the topic that the gateway was started with.
func (s *gatewayService) restore() { _ = s.direct(role.EventsTopic(s.cfg.Arm)) } // it has gone well before

func (s *gatewayService) direct(topic string) error {
	err := s.events.direct(topic)
	if err == nil {
		s.tel.log.Info("configuration read: topic of events", "messaging.destination.name", topic)
	}
	return err
}

func (s *gatewayService) recommend(w http.ResponseWriter, r *http.Request) {
	var req recommendRequest
	if !read(w, r, &req) {
		return
	}
	if s.cfg.Spin > 0 {
		w.Header().Set(slot.SpunHeader, strconv.FormatInt(int64(role.Spin(s.cfg.Spin)), 10))
	}
	req.RequestID = strconv.FormatUint(rand.Uint64(), 16)
	if s.tel.recording(r.Context()) {
		s.tel.tag(r.Context(), attribute.String("perso.channel", req.Channel), attribute.String("perso.placement", req.Placement))
	}
	ctx := s.tel.withSession(r.Context(), req.Session, req.Channel)
	answer, err := s.decision.post(ctx, "/v1/decide", req, nil)
	if err != nil {
		s.refuse(ctx, w, role.Decision, req.Session, err)
		return
	}
	replyBytes(w, http.StatusOK, answer)
}

func (s *gatewayService) login(w http.ResponseWriter, r *http.Request) {
	var req loginRequest
	if !read(w, r, &req) {
		return
	}
	ctx := s.tel.withSession(r.Context(), req.Session, req.Channel)
	answer, err := s.profile.post(ctx, "/v1/link", req, nil)
	if err != nil {
		s.refuse(ctx, w, role.Profile, req.Session, err)
		return
	}
	s.tel.log.DebugContext(ctx, "session linked", "session.id", req.Session, "user", req.User)
	replyBytes(w, http.StatusOK, answer)
}

func (s *gatewayService) event(w http.ResponseWriter, r *http.Request) {
	var e event
	if !read(w, r, &e) {
		return
	}
	if s.events.full() {
		fail(w, http.StatusServiceUnavailable, errors.New("the event buffer is full: the broker does not take records"))
		return
	}
	if e.TimeMS == 0 {
		e.TimeMS = time.Now().UnixMilli()
	}
	value, err := json.Marshal(e)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	s.events.send(s.tel.withSession(r.Context(), e.Session, e.Channel), e.Session, value, nil)
	reply(w, http.StatusAccepted, struct{}{})
}

// refuse answers a request whose next hop failed, and logs the failure.
func (s *gatewayService) refuse(ctx context.Context, w http.ResponseWriter, hop, session string, err error) {
	s.tel.log.ErrorContext(ctx, "request failed", "perso.hop", hop, "error", err, "session.id", session)
	status := http.StatusBadGateway
	if errors.Is(err, context.DeadlineExceeded) {
		status = http.StatusGatewayTimeout
	}
	fail(w, status, fmt.Errorf("%s: %w", hop, err))
}
