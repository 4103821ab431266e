package reports

import (
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// jsonCPU is where the CPU time goes, in report.json. Times are in seconds per request.
type jsonCPU struct {
	Length       number         `json:"length_seconds"` // of a profile
	LeastSamples int64          `json:"least_samples"`  // reports for people show nothing with fewer
	Levels       []jsonCPULevel `json:"levels"`         // those with profiles, the baseline first
	Missing      []string       `json:"missing"`        // what is not there, and why
}

type jsonCPULevel struct {
	Arm       jsonArm        `json:"arm"`
	Launches  int            `json:"launches"` // whose profiles are in it
	Requests  number         `json:"requests"` // while they were taken
	Kernel    number         `json:"kernel"`   // CPU time by the kernel's count
	Total     jsonCPUShare   `json:"total"`
	Groups    []jsonCPUShare `json:"groups"`    // by kind of code
	Functions []jsonCPUShare `json:"functions"` // by their own CPU time, without what they call
}

type jsonCPUShare struct {
	Name        string `json:"name,omitempty"`  // of the kind of code, or of the function
	Group       string `json:"group,omitempty"` // of the function
	Samples     int64  `json:"samples"`
	Value       number `json:"value"`
	Error       number `json:"error"`       // two standard errors
	Diff        number `json:"diff"`        // value − that of the baseline
	DiffError   number `json:"diff_error"`  // two standard errors of it
	Significant bool   `json:"significant"` // the difference is larger than its two standard errors
}

func jsonCPUOf(c *verdict.CPU) *jsonCPU {
	if c == nil {
		return nil
	}
	out := &jsonCPU{inSeconds(c.Length), verdict.LeastSamples, []jsonCPULevel{}, listed(c.Missing)}
	for _, l := range c.Levels {
		out.Levels = append(out.Levels, jsonCPULevel{jsonArmOf(l.Arm), l.Launches, number(l.Requests), number(l.Kernel),
			jsonCPUShareOf(l.Total), jsonCPUSharesOf(l.Groups), jsonCPUSharesOf(l.Functions)})
	}
	return out
}

func jsonCPUSharesOf(shares []verdict.CPUShare) []jsonCPUShare {
	out := []jsonCPUShare{}
	for _, s := range shares {
		out = append(out, jsonCPUShareOf(s))
	}
	return out
}

func jsonCPUShareOf(s verdict.CPUShare) jsonCPUShare {
	return jsonCPUShare{s.Name, s.Group, s.Samples, number(s.Value), number(s.Error), number(s.Over), number(s.OverError), s.Differs()}
}
