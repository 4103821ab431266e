package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// slowLink is a Toxiproxy between the Collector and its back end. A nil one does nothing.
type slowLink struct{ proxy *toxiproxy.Proxy }

// slowToxic is the name of what makes the link slow.
const slowToxic = "slow"

// slow returns a link to a back end whose answers come so much later.
func slow(backend string, d time.Duration) (*slowLink, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "back end", "127.0.0.1:0", backend)
	if err := proxy.Start(); err != nil {
		return nil, fmt.Errorf("pipeline: proxy: %w", err)
	}
	toxic := fmt.Sprintf(`{"name":%q,"type":"latency","attributes":{"latency":%d}}`, slowToxic, d.Milliseconds())
	if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		proxy.Stop()
		return nil, fmt.Errorf("pipeline: proxy: %w", err)
	}
	return &slowLink{proxy}, nil
}

// address is the host:port at which the link takes requests.
func (l *slowLink) address() string { return l.proxy.Listen }

// hurry makes the link as fast as if it were not there.
func (l *slowLink) hurry() {
	if l != nil {
		_ = l.proxy.Toxics.RemoveToxic(context.Background(), slowToxic) // it is gone already: all the better
	}
}

func (l *slowLink) close() {
	if l != nil {
		l.proxy.Stop()
	}
}
