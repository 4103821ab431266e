package stack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// Changes that an upstream can make to an attribute.
const (
	changeDrop   = "drop"   // it is not delivered
	changeSet    = "set"    // every user has the same value
	changeRename = "rename" // it is delivered under another name
	changeShift  = "shift"  // it has the content of the next column of the export, which is the address in clear
)

var changes = []string{changeDrop, changeSet, changeRename, changeShift}

// alteration is what the upstream does to one attribute of a share of the users.
type alteration struct {
	Attribute string          `json:"attribute"`
	Share     float64         `json:"share"` // of the users, in (0, 1]
	Change    string          `json:"change"`
	Value     json.RawMessage `json:"value,omitempty"` // set: any JSON; rename: the new name as a string; else nothing

	name string // of the attribute after a rename
}

// readAlteration reads and checks the parameters of the lever alter-profiles.
func readAlteration(params json.RawMessage) (*alteration, error) {
	var a alteration
	if err := decode(params, &a); err != nil {
		return nil, err
	}
	if !slices.Contains(attributes, a.Attribute) {
		return nil, fmt.Errorf("%w: attribute must be one of %v, got %q", errParams, attributes, a.Attribute)
	}
	if err := checkShare(a.Share); err != nil {
		return nil, err
	}
	switch a.Change {
	case changeSet:
		if len(a.Value) == 0 {
			return nil, fmt.Errorf("%w: %s needs a value", errParams, a.Change)
		}
	case changeRename:
		if err := json.Unmarshal(a.Value, &a.name); err != nil || a.name == "" || slices.Contains(documentFields, a.name) {
			return nil, fmt.Errorf("%w: %s needs a value that is a name and no field of the schema, got %s", errParams, a.Change, a.Value)
		}
	case changeDrop, changeShift:
		if len(a.Value) > 0 {
			return nil, fmt.Errorf("%w: %s takes no value, got %s", errParams, a.Change, a.Value)
		}
	default:
		return nil, fmt.Errorf("%w: change must be one of %v, got %q", errParams, changes, a.Change)
	}
	return &a, nil
}

// checkShare returns an error for what is no share.
func checkShare(share float64) error {
	if !(share > 0 && share <= 1) {
		return fmt.Errorf("%w: share must be in (0, 1], got %g", errParams, share)
	}
	return nil
}

// hits reports whether a user belongs to the share. For a seed these are always the same users.
func (a *alteration) hits(seed int64, user string) bool { return chosen("drop", seed, user) < a.Share }

// apply returns the record as the upstream delivers it. The schema of the pipeline does not bind it: it may deliver any JSON.
func (a *alteration) apply(record []byte, u population.User) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(record, &fields); err != nil {
		return nil, err
	}
	was := fields[a.Attribute]
	delete(fields, a.Attribute)
	switch a.Change {
	case changeSet:
		fields[a.Attribute] = a.Value
	case changeRename:
		fields[a.name] = was
	case changeShift:
		address, err := json.Marshal(u.Email)
		if err != nil {
			return nil, err
		}
		fields[a.Attribute] = address
	}
	return json.Marshal(fields)
}

// chosen returns a number in [0, 1) that depends on nothing but its arguments. What belongs to a share belongs to every larger
// share, too.
func chosen(what string, seed int64, id string) float64 {
	return population.Place(what + "/" + strconv.FormatInt(seed, 10) + "/" + id)
}
