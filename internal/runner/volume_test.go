package runner

import (
	"context"
	"path/filepath"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/volume"
)

// mute is an arm that cannot tell what it exports, and telling one that can: between two readings it exports one span.
type mute struct{ testenv.Arm }

func (mute) Name() string { return "mute" }

func (mute) Telemetry(context.Context) (result.Telemetry, error) {
	return result.Telemetry{Bytes: 5}, nil
}

type telling struct {
	mute
	bytes int64
}

func (*telling) Name() string { return "full" }

func (a *telling) KeepExports(context.Context) (result.Telemetry, error) {
	return result.Telemetry{Bytes: a.bytes}, nil
}

func (a *telling) HoldExports(ctx context.Context) (result.Telemetry, error) {
	all, err := a.Exports(ctx)
	a.bytes += int64(len(all[0].Body))
	return result.Telemetry{Bytes: a.bytes}, err
}

func (a *telling) Exports(context.Context) ([]volume.Export, error) {
	spans := ptrace.NewTraces()
	spans.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("s")
	body, err := ptraceotlp.NewExportRequestFromTraces(spans).MarshalProto()
	return []volume.Export{{Signal: result.InSpans, Body: body}}, err
}

// TestVolumes: what an arm exported in the slots of a launch is written once, as many bytes as its slots have; an arm that cannot tell
// has no line.
func TestVolumes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	w, err := result.Create(dir, result.Run{
		Levels: []result.Level{{Name: "full"}}, Arms: []result.Arm{{Name: "full", Level: "full", Role: result.RoleBaseline}},
	})
	if err != nil {
		t.Fatal(err)
	}
	arms := []testenv.Arm{mute{}, &telling{bytes: 100}}
	v, sum := newVolumes(3, arms), int64(0)
	for range 2 {
		for i, arm := range arms {
			before, err1 := v.of[i].begin(t.Context(), arm)
			after, err2 := v.of[i].end(t.Context(), arm)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			s := result.Slot{Telemetry: result.Telemetry{Bytes: after.Bytes - before.Bytes}, Work: slot.ArmReport{Sent: 10}}
			v.of[i].add(s)
			sum += s.Telemetry.Bytes
		}
	}
	if err := v.write(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(func(r *result.Run) { r.Status = result.Complete }); err != nil {
		t.Fatal(err)
	}
	d, err := result.Read(dir)
	if err != nil || len(d.Volumes) != 1 {
		t.Fatalf("%v: %+v", err, d)
	}
	got, parts := d.Volumes[0], int64(0)
	for _, p := range got.Parts {
		parts += p.Bytes
	}
	if got.Arm != "full" || got.Launch != 3 || got.Requests != 20 || got.Bytes != sum || parts != sum || got.Parts[0].Count != 2 {
		t.Errorf("%+v, want %d bytes", got, sum)
	}
}
