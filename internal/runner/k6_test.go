package runner

import (
	"maps"
	"slices"
	"testing"
)

// An error of a script is headed by the place in the user's files where it was thrown. The logs are those of k6.
func TestScriptError(t *testing.T) {
	for name, tt := range map[string]struct{ log, want string }{
		"thrown while it is loaded": {
			`time="2026-01-02T15:04:05Z" level=error msg="ReferenceError: nope is not defined\n\tat f (file:///home/me/a%20b/load.js:2:20(1))\n\tat file:///home/me/a%20b/load.js:3:2(25)\n" hint="script exception" source=stacktrace`,
			"/home/me/a b/load.js:2:20: ReferenceError: nope is not defined"},
		"in Go code that it calls": {
			`time="2026-01-02T15:04:05Z" level=error msg="GoError: stat /home/me/none.json: no such file or directory\n\tat go.k6.io/k6/v2/internal/js.(*Bundle).setInitGlobals.func3 (native)\n\tat file:///home/me/lib/x.js:1:22(14)\n" hint="script exception"`,
			"/home/me/lib/x.js:1:22: GoError: stat /home/me/none.json: no such file or directory"},
		"syntax": {
			`time="2026-01-02T15:04:05Z" level=error msg="could not initialize '-': could not load JS test 'file:///-': file:///home/me/load.js: Line 2:39 Unexpected token ; (and 2 more errors)"`,
			"/home/me/load.js:2:39: Unexpected token ; (and 2 more errors)"},
		"of script.js": {
			`time="2026-01-02T15:04:05Z" level=error msg="Error: journeys.scenario: the script has no scenario \"x\"; it has none\n\tat choose (file:///-:40:11(20))\n\tat file:///-:21:32(25)\n" hint="script exception"`,
			`Error: journeys.scenario: the script has no scenario "x"; it has none`},
		"while it runs": {
			"time=\"2026-01-02T15:04:05Z\" level=info msg=hello source=console\n" +
				`time="2026-01-02T15:04:05Z" level=error msg="test aborted: GoError: perso: turns: setup of arm off threw: Error: no users at /home/me/load.js:1:35 at conduct (file:///-:139:18(26))" source=stacktrace`,
			"test aborted: GoError: perso: turns: setup of arm off threw: Error: no users at /home/me/load.js:1:35"},
		"no error": {`time="2026-01-02T15:04:05Z" level=warning msg="level=errors are none"`, ""},
	} {
		if got := scriptError(tt.log); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Of the variables that k6 reads, those that say how requests are made reach it. Those that a script reads are no matter here.
func TestOwnOptions(t *testing.T) {
	kept, left := ownOptions(map[string]string{
		"K6_VUS": "3", "K6_DURATION": "1s", "K6_OUT": "json", "K6_THRESHOLDS": "{}", "K6_FEATURES": "freeze-env",
		"K6_INSECURE_SKIP_TLS_VERIFY": "true", "K6_BLOCK_HOSTNAMES": "x", "K6_TAGS": "{}", "K6_LOCAL_IPS": "127.0.0.1", "K6_TLSAUTH": "[]",
		"K6_WHO": "me", "OTEL_SERVICE_NAME": "x",
	})
	if got, want := slices.Sorted(maps.Keys(kept)), []string{
		"K6_BLOCK_HOSTNAMES", "K6_INSECURE_SKIP_TLS_VERIFY", "K6_LOCAL_IPS", "K6_TAGS", "K6_TLSAUTH",
	}; !slices.Equal(got, want) || kept["K6_INSECURE_SKIP_TLS_VERIFY"] != "true" {
		t.Errorf("k6 gets %v, want %v", kept, want)
	}
	if want := []string{"K6_DURATION", "K6_FEATURES", "K6_OUT", "K6_THRESHOLDS", "K6_VUS"}; !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
}
