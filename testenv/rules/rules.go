// Package rules is the alert pack of the personalization stack: an ordinary Prometheus rule file, written for minutes.
package rules

import _ "embed"

// Pack is the rule file.
//
//go:embed perso.yaml
var Pack []byte
