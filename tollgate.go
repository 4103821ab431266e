// Package tollgate makes the repository a k6 extension, so that
//
//	xk6 build --with github.com/tollgate-dev/tollgate
//
// builds a k6 with the module k6/x/perso. The tool itself is cmd/tollgate: it measures what the telemetry of a real-time
// personalization system costs, what it catches, and whether a change may pass.
package tollgate

import _ "github.com/tollgate-dev/tollgate/xk6-perso" // registers k6/x/perso
