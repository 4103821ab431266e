package perso

import (
	"fmt"
	"os"
)

// CheckSessions reads a file of recorded sessions as a script would and says how many sessions and events it has; the
// format goes by the file's extension. Errors name the file and the line.
func CheckSessions(path string) (sessions, events int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, fmt.Errorf("journeys: %w", err)
	}
	parsed, err := parseSessions(path, "", text)
	if err != nil {
		return 0, 0, err
	}
	for _, s := range parsed {
		events += len(s.events)
	}
	return len(parsed), events, nil
}
