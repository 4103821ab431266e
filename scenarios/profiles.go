package scenarios

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed smoke.yaml quick.yaml pr.yaml capacity.yaml nightly.yaml silent-drift.yaml
var profiles embed.FS

// Profiles are the names of the shipped experiment files: first those that differ in size, the shortest run first, then those that
// tell an incident.
func Profiles() []string {
	return []string{"smoke", "quick", "pr", "capacity", "nightly", "silent-drift"}
}

// DefaultProfile is the one that is run when none is named.
const DefaultProfile = "pr"

// Profile returns a shipped experiment file; "" is DefaultProfile. The error lists the legal names.
func Profile(name string) ([]byte, error) {
	if name == "" {
		name = DefaultProfile
	}
	if !slices.Contains(Profiles(), name) {
		return nil, fmt.Errorf("unknown profile %q: legal profiles are %s", name, strings.Join(Profiles(), ", "))
	}
	text, err := profiles.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	return text, nil
}
