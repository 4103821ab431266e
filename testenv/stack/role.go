// Package stack is the personalization system that tollgate measures: seven roles that together recommend items to
// users over several channels, learn from what they do, and say in metrics, logs and traces how they fare.
//
// The interfaces (environment, HTTP, Kafka, control) are in docs/stack.md.
package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Role is one kind of process of the stack.
type Role struct {
	Name  string
	Title string
	// Run blocks until ctx ends and returns nil after an orderly end. It prints the ready line once the role can do
	// its work. Errors say what could not be reached or started.
	Run func(ctx context.Context, cfg Config) error
}

// Roles are all roles of the stack, in the order in which a request meets them.
func Roles() []Role {
	return []Role{
		service("gateway", "the one door of all channels", newGateway, needArm, needDecision, needProfile, needKafka),
		service("decision", "segments, rules, variants and default content", newDecision, needArm, needModel, needProfile),
		service("model", "ranking and its confidence", newModel, needArm),
		service("profile", "profiles, identities and content", newProfile, needArm, needRedis),
		service("ingest", "events and profile updates into the store", newIngest, needArm, needKafka, needRedis),
		service("etl", "the upstream that delivers profile attributes", newETL, needArm, needKafka),
		uninstrumented(service("backing", "broker and store of all arms", newBacking, needArms)),
	}
}

// Ready prints the line that tells the parent that a role can do its work, with its addresses by name.
func Ready(w io.Writer, addrs map[string]string) error {
	line, err := json.Marshal(struct {
		Ready bool              `json:"ready"`
		Addr  map[string]string `json:"addr"`
	}{true, addrs})
	if err != nil {
		return fmt.Errorf("stack: ready line: %w", err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil { // one write: lines of several writers cannot mix
		return fmt.Errorf("stack: ready line: %w", err)
	}
	return nil
}

// uninstrumented makes a role that stands outside of what is measured: no level reaches it.
func uninstrumented(r Role) Role {
	inner := r.Run
	r.Run = func(ctx context.Context, cfg Config) error {
		cfg.Level = Level{Off: true}
		return inner(ctx, cfg)
	}
	return r
}

// need names a variable that a role cannot do without.
type need struct {
	variable string
	given    func(Config) bool
}

// What roles need.
var (
	needArm      = need{"PERSO_ARM", func(c Config) bool { return c.Arm != "" }}
	needArms     = need{"PERSO_ARMS", func(c Config) bool { return len(c.Arms) > 0 }}
	needDecision = need{"PERSO_DECISION_URL", func(c Config) bool { return c.DecisionURL != "" }}
	needModel    = need{"PERSO_MODEL_URL", func(c Config) bool { return c.ModelURL != "" }}
	needProfile  = need{"PERSO_PROFILE_URL", func(c Config) bool { return c.ProfileURL != "" }}
	needKafka    = need{"PERSO_KAFKA_BROKERS", func(c Config) bool { return len(c.Brokers) > 0 }}
	needRedis    = need{"PERSO_REDIS_ADDR", func(c Config) bool { return c.RedisAddr != "" }}
)

// service makes a role of a function that builds its parts.
func service(name, title string, build builder, needs ...need) Role {
	return Role{Name: name, Title: title, Run: func(ctx context.Context, cfg Config) error {
		var errs []error
		for _, n := range needs {
			if !n.given(cfg) {
				errs = append(errs, fmt.Errorf("stack: %s needs %s", name, n.variable))
			}
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return run(ctx, name, cfg, build)
	}}
}
