package verdict

import (
	"slices"
	"strings"
)

// footnote joins the parts that are not empty; "" if there is nothing to say.
func footnote(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}
