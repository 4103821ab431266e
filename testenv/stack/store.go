package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// store is the repository of one arm: its keys in Redis. A profile is a JSON string, activity is a hash per user, a link is a
// string per session, content is one hash, and a set has the users with a profile.
type store struct {
	redis *redis.Client
	arm   string
}

// linkLife is how long a session stays linked to its user.
const linkLife = 24 * time.Hour

func newStore(cfg Config, tel *telemetry) (*store, error) {
	client := redis.NewClient(&redis.Options{
		Addr: cfg.RedisAddr, Dialer: role.Dialer(cfg.BackingToken), Protocol: 2, DisableIdentity: true, PoolSize: 32, MaxRetries: 1, DialerRetries: 1,
		DialTimeout: attemptLimit, ReadTimeout: attemptLimit, WriteTimeout: attemptLimit, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	if tel.on() {
		signals, err := newStoreSignals(client.Options(), tel)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("redis: %w", err), client.Close())
		}
		client.AddHook(signals)
	}
	return &store{redis: client, arm: cfg.Arm}, nil
}

func (s *store) key(kind, id string) string { return s.arm + ":" + kind + ":" + id }

// ping returns an error unless the store answers.
func (s *store) ping(ctx context.Context) error { return s.redis.Ping(ctx).Err() }

func (s *store) close() error { return s.redis.Close() }

// link makes the session belong to the user.
func (s *store) link(ctx context.Context, session, user string) error {
	return s.redis.Set(ctx, s.key("link", session), user, linkLife).Err()
}

// links returns the users of sessions; "" for an anonymous session.
func (s *store) links(ctx context.Context, sessions []string) ([]string, error) {
	if len(sessions) == 0 {
		return nil, nil
	}
	keys := make([]string, len(sessions))
	for i, session := range sessions {
		keys[i] = s.key("link", session)
	}
	values, err := s.redis.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	users := make([]string, len(sessions))
	for i, v := range values {
		users[i], _ = v.(string)
	}
	return users, nil
}

// profile reads what is known of a user. If user is "", it is the user to whom the session is linked.
func (s *store) profile(ctx context.Context, session, user string) (profileAnswer, error) {
	if user == "" {
		linked, err := s.redis.Get(ctx, s.key("link", session)).Result()
		if errors.Is(err, redis.Nil) {
			return profileAnswer{}, nil
		}
		if err != nil {
			return profileAnswer{}, err
		}
		user = linked
	}
	answer := profileAnswer{User: user}
	pipe := s.redis.Pipeline()
	text := pipe.Get(ctx, s.key("profile", user))
	activity := pipe.HGetAll(ctx, s.key("activity", user))
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return profileAnswer{}, err
	}
	for field, value := range activity.Val() {
		if field == "seen" {
			answer.SeenMS, _ = strconv.ParseInt(value, 10, 64)
		} else if c, err := strconv.Atoi(field); err == nil && c >= 0 && c < population.Categories {
			answer.Clicks[c], _ = strconv.ParseFloat(value, 64)
		}
	}
	if text.Err() != nil { // redis.Nil: no profile of this user was delivered
		return answer, nil
	}
	var doc document
	if err := json.Unmarshal([]byte(text.Val()), &doc); err != nil {
		return profileAnswer{}, fmt.Errorf("profile: %w", err)
	}
	answer.Known, answer.Consent, answer.Batch = true, doc.Consent, doc.Batch
	answer.Age, answer.Tier, answer.Country = doc.Age, doc.Tier, doc.Country
	return answer, nil
}

// users counts the users that have a profile.
func (s *store) users(ctx context.Context) (int, error) {
	n, err := s.redis.SCard(ctx, s.arm+":users").Result()
	return int(n), err
}

// content reads the content of items.
func (s *store) content(ctx context.Context, ids []string) (contentAnswer, error) {
	texts, err := s.redis.HMGet(ctx, s.arm+":content", ids...).Result()
	if err != nil {
		return contentAnswer{}, err
	}
	answer := contentAnswer{Items: make([]content, 0, len(ids))}
	for i, text := range texts {
		s, ok := text.(string)
		if !ok {
			answer.Missing = append(answer.Missing, ids[i])
			continue
		}
		var c content
		if err := json.Unmarshal([]byte(s), &c); err != nil {
			return contentAnswer{}, fmt.Errorf("content of %s: %w", ids[i], err)
		}
		answer.Items = append(answer.Items, c)
	}
	return answer, nil
}

// batch gathers writes for one round trip.
type batch struct {
	store *store
	pipe  redis.Pipeliner
}

func (s *store) batch() *batch { return &batch{store: s, pipe: s.redis.Pipeline()} }

// replace stores a user's profile document, as it was delivered.
func (b *batch) replace(ctx context.Context, user string, doc []byte) {
	b.pipe.Set(ctx, b.store.key("profile", user), doc, 0)
	b.pipe.SAdd(ctx, b.store.arm+":users", user)
}

// seen records when a user was last active, and a click on a category; −1 for no click.
func (b *batch) seen(ctx context.Context, user string, timeMS int64, category int) {
	key := b.store.key("activity", user)
	if category >= 0 {
		b.pipe.HIncrBy(ctx, key, strconv.Itoa(category), 1)
	}
	b.pipe.HSet(ctx, key, "seen", timeMS)
}

// write sends the writes of the batch.
func (b *batch) write(ctx context.Context) error {
	if b.pipe.Len() == 0 {
		return nil
	}
	_, err := b.pipe.Exec(ctx)
	return err
}
