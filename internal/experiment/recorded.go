package experiment

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// Recorded is the experiment of a run as its run.json has it. It is not validated, since the files and the machine that it was
// valid with may be gone.
func Recorded(r result.Run) (*Experiment, error) {
	if strings.TrimSpace(r.Experiment) == "" {
		return nil, errors.New("experiment: run.json has no experiment, so that the intervals of the run are not known")
	}
	e, err := parse(result.RunFile, []byte(r.Experiment))
	if err != nil {
		return nil, fmt.Errorf("%w (an older tollgate may have written it)", err)
	}
	return e, nil
}
