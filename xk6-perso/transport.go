package perso

import (
	"net/http"
	"time"

	"go.k6.io/k6/v2/lib"
)

// newTransport returns a transport for load: every worker may keep a connection. It honours the network and TLS options
// of the script where there is a k6 state.
func newTransport(state *lib.State, workers int) *http.Transport {
	t := &http.Transport{
		MaxIdleConns: 0, MaxIdleConnsPerHost: workers, IdleConnTimeout: time.Minute,
		DisableCompression: true, ForceAttemptHTTP2: false,
	}
	if state != nil && state.Dialer != nil {
		t.DialContext = state.Dialer.DialContext
	}
	if state != nil && state.TLSConfig != nil {
		t.TLSClientConfig = state.TLSConfig.Clone()
	}
	return t
}

// transportOf is the VU's transport, which honours the script's network options.
func transportOf(rt http.RoundTripper) http.RoundTripper {
	if rt == nil {
		return http.DefaultTransport
	}
	return rt
}
