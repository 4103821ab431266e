package role

import "time"

// Spin keeps the CPU busy for d and returns how long that really took.
func Spin(d time.Duration) time.Duration {
	begin := time.Now()
	for {
		if spun := time.Since(begin); spun >= d {
			return spun
		}
	}
}
