package otelenv

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Protocols of OTLP, by their names in the variables.
const (
	protocolGRPC = "grpc"
	protocolHTTP = "http/protobuf"
)

// Pipeline is where an arm's telemetry goes: the base URL for OTLP over HTTP, and the URL for OTLP over gRPC. Both need the
// bearer token, unless that is "".
type Pipeline struct{ HTTP, GRPC, Token string }

// Export returns the variables that send every signal of a level to a pipeline. Others are the environments under the level's:
// those of a Compose file. The protocol of a signal is the first that the level and then the others name, for the signal or
// for all signals; http/protobuf if none does.
//
// A signal-specific variable goes before the general one, wherever it was set: by the level, in a Compose file, or in an image.
// So all of them are set. What the others have for their own back end, headers and certificates, is emptied: for the
// specification an empty variable is the same as none.
func Export(to Pipeline, level map[string]string, others ...map[string]string) map[string]string {
	envs := append([]map[string]string{level}, others...)
	out := map[string]string{}
	for _, s := range append([]Signal{""}, Signals()...) {
		p := cmp.Or(chosen(s, envs), protocolHTTP)
		out[otlp(s, "PROTOCOL")] = p
		switch {
		case p == protocolGRPC:
			out[otlp(s, "ENDPOINT")] = to.GRPC
		case s == "":
			out[otlp(s, "ENDPOINT")] = to.HTTP
		default:
			out[otlp(s, "ENDPOINT")] = to.HTTP + "/v1/" + string(s)
		}
	}
	for _, env := range others {
		for name := range env {
			if strings.HasPrefix(name, otlp("", "")) && slices.ContainsFunc(ofTheirs, func(part string) bool { return strings.HasSuffix(name, part) }) {
				out[name] = level[name]
			}
		}
	}
	if to.Token == "" {
		return out
	}
	for _, s := range append([]Signal{""}, Signals()...) {
		name := otlp(s, "HEADERS")
		headers := cmp.Or(level[name], level[otlp("", "HEADERS")])
		out[name] = strings.TrimPrefix(headers+",authorization=Bearer%20"+to.Token, ",")
	}
	return out
}

// ofTheirs are the ends of variables that belong to another back end.
var ofTheirs = []string{"_HEADERS", "_CERTIFICATE", "_CLIENT_KEY", "_INSECURE"}

// chosen is the protocol that environments name for a signal, or for all signals if it is ""; "" if none does.
func chosen(s Signal, envs []map[string]string) string {
	for _, env := range envs {
		for _, name := range []string{otlp(s, "PROTOCOL"), otlp("", "PROTOCOL")} {
			if p := strings.ToLower(env[name]); p != "" {
				return p
			}
		}
	}
	return ""
}

// Overridden returns the variables of an old environment that have other values in a new one, sorted. One that the old one has
// empty is not overridden.
func Overridden(old, now map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if was := old[name]; was != "" && was != now[name] {
			out = append(out, name)
		}
	}
	return out
}
