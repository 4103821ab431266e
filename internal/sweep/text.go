package sweep

import (
	"math"
	"strconv"
)

// Text is a size for people, to three significant digits and with its unit: 4.78 %, 250 ms. The unit share is shown in per cent.
func Text(size float64, unit string) string {
	switch {
	case math.IsNaN(size):
		return "unknown"
	case unit == "share":
		size, unit = 100*size, "%"
	}
	format := byte('f')
	if abs := math.Abs(size); abs >= 1e9 || abs < 1e-6 {
		format = 'g'
	}
	text := strconv.FormatFloat(Round(size), format, -1, 64)
	if unit == "" {
		return text
	}
	return text + " " + unit
}
