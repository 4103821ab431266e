package result

import (
	"encoding/json"
	"time"
)

// fromSchema1 reads the values in run.json that schema 1 has under other keys.
func (r *Run) fromSchema1(text []byte) error {
	var old struct {
		Plan struct {
			Floor map[string]float64 `json:"floor"` // now Plan.EqualWithin
		} `json:"plan"`
		Alerts []struct {
			Floor time.Duration `json:"floor"` // now Alert.LeastDetect
		} `json:"alerts"`
	}
	if err := json.Unmarshal(text, &old); err != nil {
		return err
	}
	r.Plan.EqualWithin = old.Plan.Floor
	for i, a := range old.Alerts {
		r.Alerts[i].LeastDetect = a.Floor
	}
	return nil
}
