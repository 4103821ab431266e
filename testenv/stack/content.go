package stack

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/attribute"
)

// missing asks the repository for the content of items, page by page, and returns the items that have none.
func (s *decisionService) missing(ctx context.Context, ids []string) ([]string, error) {
	var missing []string
	for page := 1; ; page++ {
		var shown contentAnswer
		asked := ctx
		if page > 1 {
			asked = withSpanAttributes(ctx, attribute.Int("perso.content.page", page))
		}
		if err := s.profile.getPatiently(asked, "/v1/content", url.Values{"ids": {strings.Join(ids, ",")}}.Encode(), &shown); err != nil {
			return nil, err
		}
		missing = append(missing, shown.Missing...)
		if shown.Next == 0 {
			return missing, nil
		}
		if shown.Next < 0 || shown.Next >= len(ids) {
			return nil, fmt.Errorf("/v1/content: next is %d of %d items", shown.Next, len(ids))
		}
		ids = ids[shown.Next:]
	}
}
