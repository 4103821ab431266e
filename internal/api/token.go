// Package api makes HTTP requests to our own processes, and to a few APIs of others: with a bearer token, JSON in both
// directions, and one kind of error. It is not for requests that are measured or timed.
package api

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// bearer is the beginning of the value of an Authorization header.
const bearer = "Bearer "

// Authorize adds the token to a request.
func Authorize(r *http.Request, token string) { r.Header.Set("Authorization", bearer+token) }

// Authorized reports whether a request has the token. It is false for every request when the token is "".
func Authorized(r *http.Request, token string) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), bearer)
	return ok && token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}
