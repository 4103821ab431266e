// Command shop is a small web shop: a catalogue with a search, and carts. docs/your-own-stack.md measures it. It is an ordinary
// service with OpenTelemetry and knows nothing of tollgate.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context) (err error) {
	t, err := setup(ctx)
	if err != nil {
		return err
	}
	address := os.Getenv("SHOP_LISTEN")
	if address == "" {
		address = ":8080"
	}
	s := &shop{catalogue: newCatalogue(), carts: newCarts(), log: t.log}
	server := &http.Server{
		Addr: address, Handler: s.handler(t),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 10 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServe() }()
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(ctx), t.shutdown(ctx))
}

// shop answers requests.
type shop struct {
	catalogue *catalogue
	carts     *carts
	log       *slog.Logger
}

func (s *shop) handler(t *telemetry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /search", t.instrument(s.search))
	mux.Handle("GET /products/{id}", t.instrument(s.product))
	mux.Handle("GET /carts/{user}", t.instrument(s.cart))
	mux.Handle("POST /carts/{user}", t.instrument(s.add))
	return mux
}

func (s *shop) search(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query().Get("q")
	if query == "" {
		http.Error(w, "search for what? ?q=WORDS", http.StatusBadRequest)
		return
	}
	found := s.catalogue.search(query, 5)
	s.log.InfoContext(r.Context(), "searched", "words", query, "found", len(found))
	reply(w, http.StatusOK, found)
}

func (s *shop) product(w http.ResponseWriter, r *http.Request) {
	p, ok := s.catalogue.products[r.PathValue("id")]
	if !ok {
		http.Error(w, "no such product", http.StatusNotFound)
		return
	}
	reply(w, http.StatusOK, p)
}

func (s *shop) cart(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, s.carts.of(r.PathValue("user")))
}

func (s *shop) add(w http.ResponseWriter, r *http.Request) {
	var item struct{ Product string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&item); err != nil {
		http.Error(w, "want {\"product\":\"ID\"}", http.StatusBadRequest)
		return
	}
	if _, ok := s.catalogue.products[item.Product]; !ok {
		http.Error(w, "no such product", http.StatusNotFound)
		return
	}
	user := r.PathValue("user")
	n := s.carts.add(user, item.Product)
	s.log.InfoContext(r.Context(), "added to cart", "user", user, "product", item.Product, "items", n)
	reply(w, http.StatusCreated, s.carts.of(user))
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone needs no answer
}
