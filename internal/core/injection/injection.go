// Package injection is how a k6 script breaks the stack that `tollgate up --faults` keeps, and heals it: the client, and what goes over
// the wire. Package injector is the other side.
package injection

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/api"
)

// EnvControl is the variable that has the address of the control endpoint, with its token, as `tollgate up --faults` prints it.
const EnvControl = "TOLLGATE_CONTROL"

// Longest is the longest time that a fault is held for a script, and Usual the time where the script names none. A fault ends after it,
// whatever has become of the script.
const (
	Usual   = time.Minute
	Longest = 10 * time.Minute
)

// Path is where faults are, by id.
const Path = "/faults/"

// Order asks for a fault: PUT /faults/ID.
type Order struct {
	Params map[string]any `json:"params,omitempty"` // numbers and strings, by the names of the catalogue; others have their defaults
	For    time.Duration  `json:"for_ns"`           // above 0, up to Longest
}

// State is a fault as it is now: the answer to PUT and GET.
type State struct {
	Fault string    `json:"fault"`
	Title string    `json:"title"` // what happens, as a clause
	Until time.Time `json:"until"` // when it ends by itself; zero: it is not in force

	Present bool   `json:"present"` // its effect is there
	Gone    bool   `json:"gone"`    // nothing of its effect is left
	Detail  string `json:"detail"`  // what was seen of it, for people
}

// Client asks for faults. It is safe for concurrent use.
type Client struct {
	api  *api.Client
	base string
}

// NewClient returns a client of a control endpoint, whose address has the token as its password.
func NewClient(address string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("the control endpoint must be an address such as http://tollgate:TOKEN@127.0.0.1:4711, as `tollgate up --faults` prints it")
	}
	token, ok := u.User.Password()
	if !ok || token == "" {
		return nil, fmt.Errorf("the address of the control endpoint %s has no token: take it as `tollgate up --faults` prints it", u.Redacted())
	}
	return &Client{api: api.New(token), base: u.Scheme + "://" + u.Host}, nil
}

// Inject injects a fault, or holds it for longer; a fault that is in force must be ordered with the same parameters.
func (c *Client) Inject(ctx context.Context, fault string, o Order) (s State, err error) {
	err = c.api.Do(ctx, http.MethodPut, c.at(fault), o, &s)
	return s, err
}

// State looks for the effect of a fault.
func (c *Client) State(ctx context.Context, fault string) (s State, err error) {
	err = c.api.Get(ctx, c.at(fault), &s)
	return s, err
}

// Heal ends a fault; to end one that is not in force is no error.
func (c *Client) Heal(ctx context.Context, fault string) error {
	return c.api.Do(ctx, http.MethodDelete, c.at(fault), nil, nil)
}

func (c *Client) at(fault string) string { return c.base + Path + url.PathEscape(fault) }
