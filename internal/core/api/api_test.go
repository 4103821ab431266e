package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAuthorized(t *testing.T) {
	for _, c := range []struct {
		header, token string
		want          bool
	}{
		{"Bearer secret", "secret", true},
		{"Bearer secre", "secret", false},
		{"bearer secret", "secret", false},
		{"secret", "secret", false},
		{"", "secret", false},
		{"Basic dG9sbGdhdGU6c2VjcmV0", "secret", true}, // tollgate:secret
		{"Basic c2VjcmV0", "secret", false},            // no password
		{"Basic dG9sbGdhdGU6c2VjcmU=", "secret", false},
		{"Basic !", "secret", false},
		{"Basic dG9sbGdhdGU6", "", false}, // tollgate: and nothing
		{"Bearer ", "", false},            // with an empty token every request is refused
		{"", "", false},
	} {
		r := httptest.NewRequest(http.MethodPut, "/", nil)
		r.Header.Set("Authorization", c.header)
		if got := Authorized(r, c.token); got != c.want {
			t.Errorf("%q for token %q: %t", c.header, c.token, got)
		}
	}
	r := httptest.NewRequest(http.MethodPut, "/", nil)
	Authorize(r, "secret")
	if !Authorized(r, "secret") {
		t.Error("what Authorize makes is not authorized")
	}
}

// What is behind a Guard can be reached by a URL alone.
func TestGuard(t *testing.T) {
	server := httptest.NewServer(Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "secret"))
	defer server.Close()
	for url, want := range map[string]int{WithToken(server.URL, "secret"): 200, WithToken(server.URL, "other"): 401, WithToken(server.URL, ""): 401} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if asks := resp.Header.Get("WWW-Authenticate") != ""; resp.StatusCode != want || asks != (want == 401) {
			t.Errorf("%s: %s, asks for a password: %t", url, resp.Status, asks)
		}
	}
}

func TestDo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !Authorized(r, "secret"):
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case r.URL.Path == "/long":
			http.Error(w, strings.Repeat("ä", 1000), http.StatusBadGateway)
		case r.URL.Path == "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path == "/text":
			fmt.Fprint(w, "a 1\n")
		default:
			var in map[string]int
			err := json.NewDecoder(r.Body).Decode(&in)
			_ = json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "n": in["n"] + 1, "err": fmt.Sprint(err)})
		}
	}))
	defer server.Close()
	ctx, c := t.Context(), New("secret")
	defer c.Close()
	var out struct {
		Method string
		N      int
	}
	if err := c.Do(ctx, http.MethodPost, server.URL, map[string]int{"n": 1}, &out); err != nil || out.Method != "POST" || out.N != 2 {
		t.Errorf("got %+v: %v", out, err)
	}
	var text []byte
	if err := c.Get(ctx, server.URL+"/text", &text); err != nil || string(text) != "a 1\n" {
		t.Errorf("got %q: %v", text, err)
	}
	if err := c.Get(ctx, server.URL+"/text", &out); err == nil {
		t.Error("text is taken for JSON")
	}
	kept := map[string]int{"n": 7}
	if err := c.Get(ctx, server.URL+"/nothing", &kept); err != nil || kept["n"] != 7 {
		t.Errorf("no content: got %v: %v", kept, err)
	}
	if err := c.Get(ctx, server.URL, nil); err != nil {
		t.Error(err)
	}
	var status *StatusError
	err := New("other").Get(ctx, strings.Replace(server.URL, "http://", "http://me:pass@", 1), nil)
	if !errors.As(err, &status) || status.Code != http.StatusUnauthorized || !strings.Contains(err.Error(), "who are you?") || strings.Contains(err.Error(), "pass") {
		t.Errorf("error %v", err)
	}
	if err := c.Get(ctx, server.URL+"/long", nil); err == nil || len(err.Error()) > 700 || !strings.HasSuffix(err.Error(), "ä …") {
		t.Errorf("error %v", err)
	}
	if err := c.Do(ctx, http.MethodPut, server.URL, make(chan int), nil); err == nil {
		t.Error("what JSON cannot hold is sent")
	}
}
