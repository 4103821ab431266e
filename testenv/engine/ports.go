package engine

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// publish binds the ports: to free ports of the loopback interface, or where people expect them.
func (s *Session) publish(host *container.HostConfig, spec Spec) {
	if s.Direct && spec.Publish == "" {
		return
	}
	host.PortBindings = network.PortMap{}
	for i, port := range spec.Ports {
		binding := network.PortBinding{HostIP: loopback(s.Host)}
		if i == 0 && spec.Publish != "" {
			ip, number, err := net.SplitHostPort(spec.Publish)
			if err == nil {
				binding = network.PortBinding{HostIP: address(ip), HostPort: number}
			}
		}
		host.PortBindings[network.MustParsePort(port+"/tcp")] = []network.PortBinding{binding}
	}
}

// locate finds out where this process reaches the container's ports; they may move when it is started again.
func (c *Container) locate(ctx context.Context) error {
	at, err := c.session.Client.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, port := range c.spec.Ports {
		bindings := at.Container.NetworkSettings.Ports[network.MustParsePort(port+"/tcp")]
		if i == 0 && len(bindings) > 0 {
			c.published = net.JoinHostPort(c.session.Host, bindings[0].HostPort)
		}
		if n := at.Container.NetworkSettings.Networks[c.spec.Network]; c.session.Direct && n != nil && n.IPAddress.IsValid() {
			c.addresses[port] = net.JoinHostPort(n.IPAddress.String(), port)
			continue
		}
		for _, binding := range bindings {
			c.addresses[port] = net.JoinHostPort(c.session.Host, binding.HostPort)
		}
	}
	return nil
}

// Address is host:port under which this process reaches a port of the container.
func (c *Container) Address(port string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addresses[port]
}

// Published is host:port under which people reach the first port of the container; "" if it is not published.
func (c *Container) Published() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.published
}

// URL is the base URL of a port of the container.
func (c *Container) URL(port string) string { return "http://" + c.Address(port) }

// loopback is the interface to publish on: only this machine's own where the engine is here.
func loopback(host string) netip.Addr {
	if a, err := netip.ParseAddr(host); err == nil && a.IsLoopback() || host == "localhost" {
		return netip.MustParseAddr("127.0.0.1")
	}
	return netip.IPv4Unspecified()
}

// address parses an IP address; what is none means every interface.
func address(text string) netip.Addr {
	if a, err := netip.ParseAddr(text); err == nil {
		return a
	}
	if text == "localhost" {
		return netip.MustParseAddr("127.0.0.1")
	}
	return netip.IPv4Unspecified()
}
