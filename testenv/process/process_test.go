package process

import (
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

func TestAPortInUseIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, _, err = inherit(taken.Addr().String())
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "another port") {
		t.Errorf("error %v", err)
	}
}

// TestALaunchThatFailsNamesTheProcess: the error names the process that ends before it is ready, and no process is left.
func TestALaunchThatFailsNamesTheProcess(t *testing.T) {
	binary, err := exec.LookPath("false")
	if err != nil {
		t.Skipf("no program that fails: %v", err)
	}
	env := &Environment{Binary: binary}
	_, err = env.Launch(t.Context(), testenv.Spec{Arms: []testenv.ArmSpec{{Arm: result.Arm{Name: "off", Level: "off"}}}})
	if err == nil || !strings.Contains(err.Error(), role.Backing+" ended by itself (exit status 1)") {
		t.Errorf("error %v", err)
	}
}

// TestLeversOfProcesses: an unknown service is an error on every path, and a lever that needs an engine is refused before the
// run.
func TestLeversOfProcesses(t *testing.T) {
	a := &arm{launch: &launch{}, name: "full", urls: map[string]string{role.Gateway: "http://127.0.0.1:1", role.Backing: "http://127.0.0.1:1"}}
	for _, at := range []struct{ service, lever string }{
		{"nobody", lever.Pause}, {"nobody", lever.Deliver}, {role.Gateway, "push"}, {role.Gateway, lever.Disconnect}, {role.Telemetry, lever.Kill},
		{role.Gateway, lever.Deliver}, {role.Backing, lever.Pause}, {role.Gateway, lever.Latency},
	} {
		if err := a.Pull(t.Context(), at.service, at.lever, struct{}{}, time.Minute); err == nil {
			t.Errorf("%s was pulled at %s", at.lever, at.service)
		}
		if err := a.Release(t.Context(), at.service, at.lever); err == nil {
			t.Errorf("%s was released at %s", at.lever, at.service)
		}
		if err := a.Ask(t.Context(), at.service, at.lever, struct{}{}, nil); err == nil {
			t.Errorf("%s was asked at %s", at.lever, at.service)
		}
	}
	var e Environment
	if err := e.Supports("service-lost", []string{lever.At(role.Decision, lever.Disconnect)}); err == nil || !strings.Contains(err.Error(), "--env containers") {
		t.Errorf("disconnect: %v", err)
	}
	if err := e.Supports("service-pause", []string{lever.At(role.Decision, lever.Pause)}); err != nil {
		t.Error(err)
	}
}

// TestLinksOfProcesses: a lever of a link is for services that have one, and before the run a fault at another service is refused.
func TestLinksOfProcesses(t *testing.T) {
	var e Environment
	if err := e.Supports("dependency-slow", []string{lever.At(role.Store, lever.Latency)}); err != nil {
		t.Error(err)
	}
	err := e.Supports("dependency-slow", []string{lever.At(role.ETL, lever.Latency)})
	if err == nil || !strings.Contains(err.Error(), "[decision model profile store]") {
		t.Errorf("error %v", err)
	}
	a := &arm{launch: &launch{}, name: "full", urls: map[string]string{}}
	if err := a.Reach(role.Store, lever.Latency); err == nil {
		t.Error("a launch without links has one to the store")
	}
	a.urls[role.Links] = "http://127.0.0.1:1"
	if err := a.Reach(role.Store, lever.Latency); err != nil {
		t.Error(err)
	}
	if err := a.Reach(role.ETL, lever.Latency); err == nil {
		t.Error("there is a link to the etl")
	}
}
