package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// auditParams are the parameters of the question audit. Without an attribute, none is looked at.
type auditParams struct {
	Attribute string `json:"attribute"`
	Match     string `json:"match"` // a regular expression for values of the attribute, as JSON but without quotes; "" for none
}

// auditAnswer is what is in the store.
type auditAnswer struct {
	Users    int   `json:"users"`    // with a profile
	Missing  int   `json:"missing"`  // profiles that lack the attribute
	Matching int   `json:"matching"` // profiles whose attribute matches
	Unknown  int   `json:"unknown"`  // profiles with a field that the schema does not have
	AgeMS    int64 `json:"age_ms"`   // of the newest profile, since the upstream made it
	Items    int   `json:"items"`    // with content
	Unlisted int   `json:"unlisted"` // items of the catalogue without content
}

// audit counts what is in the store.
func (s *profileService) audit(ctx context.Context, params json.RawMessage) (any, error) {
	var p auditParams
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	if p.Attribute != "" && !slices.Contains(attributes, p.Attribute) {
		return nil, fmt.Errorf("%w: attribute must be one of %v, got %q", errParams, attributes, p.Attribute)
	}
	match, err := regexp.Compile(p.Match)
	if err != nil {
		return nil, fmt.Errorf("%w: match: %w", errParams, err)
	}
	texts, items, err := s.audited.everything(ctx)
	if err != nil {
		return nil, err
	}
	answer, newest := auditAnswer{Items: items, Unlisted: len(s.items) - items}, int64(0)
	for _, text := range texts {
		var fields map[string]json.RawMessage
		var doc struct {
			UpdatedMS int64 `json:"updated_ms"`
		}
		err := json.Unmarshal(text, &fields)
		if err == nil {
			err = json.Unmarshal(text, &doc)
		}
		if err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
		answer.Users++
		newest = max(newest, doc.UpdatedMS)
		value, ok := fields[p.Attribute]
		if p.Attribute != "" && !ok {
			answer.Missing++
		}
		if ok && p.Match != "" && match.MatchString(strings.Trim(string(value), `"`)) {
			answer.Matching++
		}
		for name := range fields {
			if !slices.Contains(documentFields, name) {
				answer.Unknown++
				break
			}
		}
	}
	if newest > 0 {
		answer.AgeMS = max(time.Now().UnixMilli()-newest, 0)
	}
	return answer, nil
}

// everything returns all profile documents, and how many items have content.
func (s *store) everything(ctx context.Context) (documents [][]byte, items int, err error) {
	n, err := s.redis.HLen(ctx, s.arm+":content").Result()
	if err != nil {
		return nil, 0, err
	}
	ids, err := s.redis.SMembers(ctx, s.arm+":users").Result()
	if err != nil || len(ids) == 0 {
		return nil, int(n), err
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = s.key("profile", id)
	}
	texts, err := s.redis.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, 0, err
	}
	for _, text := range texts {
		if s, ok := text.(string); ok {
			documents = append(documents, []byte(s))
		}
	}
	return documents, int(n), nil
}
