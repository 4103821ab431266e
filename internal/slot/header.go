package slot

import (
	"net/http"
	"strconv"
	"time"
)

// SpunHeader is the header of an answer that says for how long the stack spun for it, in nanoseconds: the known delay, as
// the one who makes it has measured it.
const SpunHeader = "X-Perso-Spun-Ns"

// Spun is what an answer's header says; false if it has no such header, or one that is no whole number.
func Spun(h http.Header) (time.Duration, bool) {
	ns, err := strconv.ParseInt(h.Get(SpunHeader), 10, 64)
	return time.Duration(ns), err == nil
}
