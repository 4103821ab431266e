// Package api makes HTTP requests to our own processes, and to a few APIs of others: with a bearer token, JSON in both
// directions, and one kind of error. It is not for requests that are measured or timed. On the other side, it has the server of
// our own processes, which keeps to limits and asks for the token.
package api

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// Beginnings of the value of an Authorization header.
const (
	bearer = "Bearer "
	basic  = "Basic "
)

// user is the name before the token in a URL. It has no meaning.
const user = "tollgate"

// Authorize adds the token to a request.
func Authorize(r *http.Request, token string) { r.Header.Set("Authorization", Bearer(token)) }

// Bearer returns the value of an Authorization header that has the token.
func Bearer(token string) string { return bearer + token }

// Authorized reports whether a request has the token. It is false for every request when the token is "".
func Authorized(r *http.Request, token string) bool {
	return Admits(r.Header.Get("Authorization"), token)
}

// Admits reports whether the value of an Authorization header has the token: as a bearer token, or as the password of basic
// authentication, which is what browsers, and clients with a URL of WithToken, send. It is false when the token is "".
func Admits(authorization, token string) bool {
	given, ok := strings.CutPrefix(authorization, bearer)
	if !ok {
		given, ok = password(authorization)
	}
	return ok && token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

func password(authorization string) (string, bool) {
	encoded, ok := strings.CutPrefix(authorization, basic)
	text, err := base64.StdEncoding.DecodeString(encoded)
	_, password, found := strings.Cut(string(text), ":")
	return password, ok && err == nil && found
}

// WithToken returns a base URL that has the token as its password, for clients that know nothing of tokens.
func WithToken(base, token string) string {
	u, err := url.Parse(base)
	if err != nil || token == "" {
		return base
	}
	u.User = url.UserPassword(user, token)
	return u.String()
}

// Guard refuses requests without the token.
func Guard(next http.Handler, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !Authorized(r, token) {
			w.Header().Set("WWW-Authenticate", `Basic realm="tollgate"`) // a browser asks its user
			http.Error(w, "the token is needed, as bearer token or as password", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
