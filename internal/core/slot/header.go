package slot

import (
	"net/http"
	"strconv"
	"time"
)

// SpunHeader is the header of an answer that carries the time, in nanoseconds, that was spun on the CPU for it: the known
// delay as whoever added it has measured it.
const SpunHeader = "X-Perso-Spun-Ns"

// Spun reads SpunHeader; false if there is none, or one that is no whole number.
func Spun(h http.Header) (time.Duration, bool) {
	ns, err := strconv.ParseInt(h.Get(SpunHeader), 10, 64)
	return time.Duration(ns), err == nil
}
