package verdict

import "github.com/tollgate-dev/tollgate/internal/result"

// noFault is the catalogue's entry that injects nothing.
const noFault = "none"

// catch makes the fault × level matrix; nil when the run has no faults.
func catch(d *result.Data, notes *notes) (*Catch, error) {
	if len(d.Run.Faults) == 0 {
		return nil, nil
	}
	end := runEnd(d)
	spans, err := alertSpans(d, end)
	if err != nil {
		return nil, err
	}
	c := &Catch{}
	for _, l := range d.Run.Levels {
		c.Levels = append(c.Levels, l.Name)
	}
	for _, p := range passes(d) {
		row := FaultCatch{Fault: p.fault, Start: p.start, End: p.end(end)}
		row.Phases = p.phases(row.End)
		for _, l := range d.Run.Levels {
			j := judge{pass: p, data: d, level: l, spans: spans[l.Name], end: row.End, notes: notes}
			row.Cells = append(row.Cells, j.cell())
		}
		c.Faults = append(c.Faults, row)
	}
	return c, nil
}
