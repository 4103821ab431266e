package runner

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/result"
)

// kept is a line of OTLP JSON with one log record at each time, which has the attribute that the query wants.
func kept(t testing.TB, at ...time.Time) []byte {
	t.Helper()
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, when := range at {
		record := records.AppendEmpty()
		record.SetTimestamp(pcommon.NewTimestampFromTime(when))
		record.Body().SetStr("a default was served")
		record.Attributes().PutStr("perso.attribute", "age")
	}
	line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		t.Fatal(err)
	}
	return append(line, '\n')
}

// Evidence is counted in the windows of the events that the passes have kept; the file that they are being written to is
// not read back.
func TestEvidence(t *testing.T) {
	dir, err := result.Create(filepath.Join(t.TempDir(), "run"), result.Run{
		Levels: []result.Level{{Name: "off"}, {Name: "full"}, {Name: "debug"}}, Faults: []result.Fault{{ID: "missing"}, {ID: "later"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Add(-time.Minute)
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	telemetry := dir.Path(result.TelemetryDir)
	if err := os.MkdirAll(telemetry, 0o755); err != nil {
		t.Fatal(err)
	}
	lines := kept(t, at(1), at(11), at(21), at(22), at(31)) // before, clean, twice in the fault, after
	if err := os.WriteFile(filepath.Join(telemetry, "full.logs.jsonl"), append(lines, `{"cut off`...), 0o600); err != nil {
		t.Fatal(err)
	}
	query := &faults.Evidence{Signal: "logs", Match: map[string]string{"perso.attribute": "age"}}
	c := &catch{run: &run{
		Experiment: &experiment.Experiment{Levels: []experiment.Level{
			{Level: result.Level{Name: "off"}}, {Level: result.Level{Name: "full"}}, {Level: result.Level{Name: "debug"}},
		}},
		dir: dir, faults: []faults.Fault{{ID: "none"}, {ID: "missing", Evidence: query}, {ID: "later", Evidence: query}},
	}}
	for _, e := range []result.FaultEvent{
		{Time: at(10), Fault: "missing", Phase: result.PhaseClean},
		{Time: at(12), Fault: "missing", Phase: result.PhaseInject},
		{Time: at(20), Fault: "missing", Phase: result.PhaseConfirmed, Arm: "full"},
		{Time: at(20), Fault: "missing", Phase: result.PhaseConfirmed, Arm: "off"},
		{Time: at(20), Fault: "missing", Phase: result.PhaseUnconfirmed, Arm: "debug"},
		{Time: at(30), Fault: "missing", Phase: result.PhaseRevert},
		{Time: at(40), Fault: "later", Phase: result.PhaseClean}, // and no further: the run ended early
	} {
		if err := c.record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(dir.Path(result.FaultsFile), 0); err != nil {
		t.Fatal(err)
	}
	if err := c.evidence(c.events); err != nil {
		t.Fatal(err)
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := result.Read(dir.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if len(data.Faults) != 2 {
		t.Fatalf("findings %+v, want one for each level at which the fault was confirmed", data.Faults)
	}
	for i, want := range []struct {
		arm          string
		clean, fault float64
	}{{"off", 0, 0}, {"full", 1, 2}} {
		e := data.Faults[i]
		if e.Fault != "missing" || e.Phase != result.PhaseEvidence || e.Arm != want.arm || e.Values["clean"] != want.clean || e.Values["fault"] != want.fault {
			t.Errorf("finding %+v, want %+v", e, want)
		}
	}
}
