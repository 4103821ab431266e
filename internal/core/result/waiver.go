package result

// Waiver says that something is known to be so, and why it is accepted until a day.
type Waiver struct {
	Waive   string `json:"waive" yaml:"waive"`                     // WaiveMissed, …
	Fault   string `json:"fault,omitempty" yaml:"fault,omitempty"` // "": any, of a false alarm
	Alert   string `json:"alert,omitempty" yaml:"alert,omitempty"`
	Level   string `json:"level,omitempty" yaml:"level,omitempty"` // "": every level
	Reason  string `json:"reason" yaml:"reason"`
	Expires string `json:"expires" yaml:"expires"` // the last day on which it holds, in UTC: 2027-01-31
}

// What can be waived.
const (
	WaiveMissed      = "missed"      // a fault is not detected
	WaiveUndiagnosed = "undiagnosed" // a fault is not diagnosed
	WaiveFalseAlarm  = "false-alarm" // an alert fires without need
	WaiveNeverFired  = "never-fired" // an alert does not fire for a fault that should fire it
)
