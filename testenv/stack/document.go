package stack

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// profileSchema names the schema of a document, for telemetry.
const profileSchema = "profile-update/1"

// document is a user's profile as the upstream delivers it: a value of the topic profile-updates. Attributes that were not
// delivered are nil.
type document struct {
	User    string  `json:"user"`
	Age     *int    `json:"age,omitempty"`
	Tier    *string `json:"tier,omitempty"`
	Country *string `json:"country,omitempty"`
	Email   *string `json:"email,omitempty"`   // a keyed hash of the address
	Consent *bool   `json:"consent,omitempty"` // to personalized content; absent is no consent

	Batch     int64 `json:"batch,omitempty"`      // of the upstream: a delivery of all users, or one pass of the refresh
	UpdatedMS int64 `json:"updated_ms,omitempty"` // Unix time at which the upstream made the record
}

// attributes are the attributes of a document that can go missing.
var attributes = []string{"age", "tier", "country", "email", "consent"}

// documentFields are all fields of the schema.
var documentFields = func() []string {
	var names []string
	for f := range reflect.TypeFor[document]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}()

// readDocument reads a document, and returns the fields that the schema does not have.
func readDocument(text []byte) (doc document, unknown []string, err error) {
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if strict.Decode(&doc) == nil && strict.InputOffset() == int64(len(text)) {
		return doc, nil, nil // nearly all documents
	}
	doc = document{}
	if err := json.Unmarshal(text, &doc); err != nil {
		return document{}, nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return document{}, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(documentFields, name) {
			unknown = append(unknown, name)
		}
	}
	return doc, unknown, nil
}

// implausible returns the first attribute whose value cannot be, and that value; "" if all can be. Nothing needs the attribute
// for a decision, so the document is taken in any case. What decisions need is checked where they are made.
func (d document) implausible() (attribute, value string) {
	if d.Country != nil && !isCountry(*d.Country) {
		return "country", *d.Country
	}
	return "", ""
}

// isCountry reports whether a text looks like a country code of ISO 3166: two capital letters.
func isCountry(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}
