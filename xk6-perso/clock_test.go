package perso

import (
	"encoding/json"
	"testing"
	"time"
	"unsafe"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// The length of a slot is right in its report, also if the wall clock was set by an hour meanwhile.
func TestAReportHasTheLengthOfTheSlot(t *testing.T) {
	for _, by := range []int64{3600, -3600} {
		run := &slotRun{order: slot.Order{Phase: slot.Toll}, start: time.Now()}
		b := &recorder{emit: &emitter{}}
		r := b.newRecord(run, "off")
		r.last = run.start.Add(2 * time.Second)
		*(*uint64)(unsafe.Pointer(&r.last)) += uint64(by) << 30 // the seconds of the wall clock, in a time with the monotonic clock
		run.records = append(run.records, r)
		text, err := json.Marshal(b.join(run))
		if err != nil {
			t.Fatal(err)
		}
		var report slot.Report
		if err := json.Unmarshal(text, &report); err != nil {
			t.Fatal(err)
		}
		if took := report.End.Sub(report.Start); took != 2*time.Second {
			t.Errorf("a slot of 2 s in which the clock was set by %d s took %s", by, took)
		}
	}
}
