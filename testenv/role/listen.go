package role

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// inheritedPrefix is the beginning of the address of an inherited listener.
const inheritedPrefix = "fd:"

// InheritedListen is the Config.Listen of a role whose listener is the first file that it inherits after standard input, output
// and error.
const InheritedListen = inheritedPrefix + "3"

// Listen opens a TCP listener at host:port, or takes over the inherited one of fd:N.
func Listen(address string) (net.Listener, error) {
	fd, inherited := strings.CutPrefix(address, inheritedPrefix)
	if !inherited {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("role: %w", err)
		}
		return listener, nil
	}
	n, err := strconv.Atoi(fd)
	if err != nil {
		return nil, fmt.Errorf("role: listen: want fd:N, got %q", address)
	}
	file := os.NewFile(uintptr(n), address)
	if file == nil {
		return nil, fmt.Errorf("role: listen: %s is no file descriptor", address)
	}
	defer file.Close() // FileListener has its own copy
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("role: listen: %s is no inherited listener: %w", address, err)
	}
	return listener, nil
}
