package role

import "time"

// Spin burns d of time on the CPU and returns how long it really took.
func Spin(d time.Duration) time.Duration {
	begin := time.Now()
	for {
		if spun := time.Since(begin); spun >= d {
			return spun
		}
	}
}
