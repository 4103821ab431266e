package resample

import "testing"

// FuzzParse: no text makes the parser panic, a policy keeps shares from 0 to 1, and its own text is the same policy again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"ratio 10%", "ratio 1% app=100% web=0.5%", "tail errors, slow=400ms,share=0.1", "tail", "ratio NaN%", "ratio 1e-400%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		for _, of := range []trace{{}, {channel: "app"}, {failed: true}, {end: 1 << 40}} {
			if chance := p.chance(of); !(chance >= 0 && chance <= 1) {
				t.Errorf("%q keeps %+v with %v", text, of, chance)
			}
		}
		again, err := Parse(p.Text)
		if err != nil || again.Text != p.Text || again.Share != p.Share || len(again.Channels) != len(p.Channels) || (again.Tail == nil) != (p.Tail == nil) {
			t.Errorf("%q became %q, and that %+v: %v", text, p.Text, again, err)
		}
	})
}
