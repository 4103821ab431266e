package evidence

import "testing"

// TestFirstTime: a line far from a query's windows is not parsed, and one whose time is not known is.
func TestFirstTime(t *testing.T) {
	for line, want := range map[string]int64{
		`{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"1795663426185000000","endTimeUnixNano":"1795663426186000000"}]}]}]}`: 1795663426185000000,
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795663426185000000"}]}]}]}`:                                           1795663426185000000,
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"soon"}]}]}]}`:                                                          0,
		`{}`: 0,
	} {
		if at, known := FirstTime([]byte(line)); known != (want != 0) || known && at.UnixNano() != want {
			t.Errorf("%s: %v, %t", line, at, known)
		}
	}
}
