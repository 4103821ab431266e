package role

import "time"

// ProfileParams are the parameters of ProfileQuestion.
type ProfileParams struct {
	Length time.Duration `json:"length"` // ns; how long the service samples itself, from LeastProfile to MostProfile
}

// ProfileAnswer is the answer to ProfileQuestion.
type ProfileAnswer struct {
	Profile []byte `json:"profile"` // pprof's protocol buffer, gzipped; base64 in JSON
}

// How long a CPU profile can be. At 100 samples per second of CPU time, a shorter one says nothing.
const (
	LeastProfile = 100 * time.Millisecond
	MostProfile  = time.Minute
)
