package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/alicebob/miniredis/v2"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// backingService holds a broker and a store for every arm. Both are made for tests, and believe every length that they are sent,
// so only connections that begin with the token reach them.
type backingService struct {
	token   string
	arms    []string
	brokers map[string]*kfake.Cluster
	stores  map[string]*embeddedStore
	quotas  map[string]*quota
	still   map[string]*stillListener // of the brokers
}

func newBacking(_ context.Context, cfg Config, _ *telemetry) (parts, error) {
	if err := cfg.Require(role.Backing, &cfg.BackingToken); err != nil {
		return parts{}, err
	}
	s := &backingService{
		token: cfg.BackingToken,
		arms:  cfg.Arms, brokers: map[string]*kfake.Cluster{}, stores: map[string]*embeddedStore{}, quotas: map[string]*quota{},
		still: map[string]*stillListener{},
	}
	addrs := map[string]string{}
	for _, arm := range cfg.Arms {
		if _, twice := s.brokers[arm]; twice {
			return parts{}, errors.Join(fmt.Errorf("PERSO_ARMS names %q twice", arm), s.close(context.Background()))
		}
		if err := s.open(arm); err != nil {
			return parts{}, errors.Join(err, s.close(context.Background()))
		}
		addrs[role.BrokerAddr(arm)], addrs[role.StoreAddr(arm)] = s.brokers[arm].ListenAddrs()[0], s.stores[arm].listener.Addr().String()
	}
	return parts{
		addrs: addrs,
		endpoints: []endpoint{
			{name: lever.ThrottleFetch, force: s.throttle, arms: s.arms},
			{name: lever.PauseBroker, force: s.pause, arms: s.arms},
		},
		close: s.close,
	}, nil
}

// open starts one arm's broker and store on free ports of the loopback interface.
func (s *backingService) open(arm string) error {
	broker, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.ListenFn(func(network, address string) (net.Listener, error) {
			listener, err := s.listen(network, address)
			if err != nil {
				return nil, err
			}
			s.still[arm] = &stillListener{Listener: listener}
			return s.still[arm], nil
		}),
		kfake.SeedTopics(role.Partitions, role.EventsTopic(arm), role.ProfilesTopic(arm), role.NextEventsTopic),
		kfake.MaxVersions(brokerVersions()),
		kfake.BrokerConfigs(map[string]string{
			"log.retention.bytes":    "33554432", // per partition: a long run must not fill the memory
			"log.cleaner.backoff.ms": "15000",
		}),
	)
	if err != nil {
		return fmt.Errorf("broker of %s: %w", arm, err)
	}
	s.brokers[arm] = broker
	listener, err := s.listen("tcp", role.DefaultListen)
	if err != nil {
		return fmt.Errorf("store of %s: %w", arm, err)
	}
	if s.stores[arm], err = serveStore(listener); err != nil {
		return fmt.Errorf("store of %s: %w", arm, err)
	}
	return nil
}

// brokerVersions are the requests that a broker answers: all that the library knows, but for those by which clients push metrics of their
// own to the broker. Apache Kafka does not have these unless a metrics plug-in is set up that takes them (KIP-714), while the library
// asks every client for all of its metrics every 30 s. A client then makes a gzip writer of 0.8 MB now and then, in whose slot it falls
// by chance.
func brokerVersions() *kversion.Versions {
	known := kversion.Stable()
	for _, key := range []kmsg.Key{kmsg.GetTelemetrySubscriptions, kmsg.PushTelemetry} {
		known.SetMaxKeyVersion(key.Int16(), -1)
	}
	return known
}

// listen opens a listener behind the gate.
func (s *backingService) listen(network, address string) (net.Listener, error) {
	listener, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	return role.Gate(listener, s.token), nil
}

func (s *backingService) close(context.Context) error {
	for _, broker := range s.brokers {
		broker.Close()
	}
	for _, store := range s.stores {
		store.close()
	}
	return nil
}

// embeddedStore is a store on a listener of ours; miniredis itself takes only addresses.
type embeddedStore struct {
	redis    *miniredis.Miniredis
	listener net.Listener
	serving  sync.WaitGroup
}

func serveStore(listener net.Listener) (*embeddedStore, error) {
	s := &embeddedStore{redis: miniredis.NewMiniRedis(), listener: listener}
	unused, err := s.redis.Dial() // the first Dial starts the server without a listener of its own
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server := s.redis.Server()
	s.serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			server.ServeConn(conn)
		}
	})
	return s, unused.Close()
}

func (s *embeddedStore) close() {
	_ = s.listener.Close()
	s.serving.Wait()
	s.redis.Close()
}

// throttleParams are the parameters of throttle-fetch.
type throttleParams struct {
	Arm      string `json:"arm"`
	Interval string `json:"interval"`
	MaxBytes int32  `json:"max_bytes"`
}

// throttle is the lever throttle-fetch.
func (s *backingService) throttle(params json.RawMessage) (func(), error) {
	var p throttleParams
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	limits, err := p.limits()
	if err != nil {
		return nil, err
	}
	q := s.quotas[p.Arm]
	if q == nil || q.ended.Load() {
		q = newQuota(s.brokers[p.Arm], limits)
		s.quotas[p.Arm] = q
	} else {
		q.limits.Store(&limits)
	}
	return func() { q.ended.Store(true) }, nil
}
