//go:build !linux

package perso

// beBrisk does nothing here.
func beBrisk() {}
