// Package api is how our own processes, and a few others' APIs, are asked over HTTP: a bearer token, JSON both ways, one
// kind of error. It is not for what is measured or timed.
package api

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// bearer is what the value of an Authorization header begins with.
const bearer = "Bearer "

// Authorize makes a request one of the token's bearer.
func Authorize(r *http.Request, token string) { r.Header.Set("Authorization", bearer+token) }

// Authorized reports whether a request comes from the token's bearer. Nobody is the bearer of "".
func Authorized(r *http.Request, token string) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), bearer)
	return ok && token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}
