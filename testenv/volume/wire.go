package volume

import "google.golang.org/protobuf/encoding/protowire"

// message is a message within another one, as it came.
type message struct {
	body []byte
	size int64 // in the other one: with its number and its length
}

// Numbers of fields, the same for all signals: a request has batches, of a resource and its scopes; a batch has scopes; a scope has spans,
// log records or metrics.
const (
	batchField = 1
	scopeField = 2
	itemField  = 2
)

// within returns the messages in a field of a message. The sizes are those on the wire: to encode a message again may take more or less.
func within(m message, field protowire.Number) []message {
	var out []message
	for rest := m.body; len(rest) > 0; {
		number, kind, head := protowire.ConsumeTag(rest)
		n := protowire.ConsumeFieldValue(number, kind, rest[max(head, 0):])
		if head < 0 || n < 0 {
			return out
		}
		if number == field && kind == protowire.BytesType {
			body, _ := protowire.ConsumeBytes(rest[head:])
			out = append(out, message{body, int64(head + n)})
		}
		rest = rest[head+n:]
	}
	return out
}

// at is one of some messages; an empty one where the reader of the request has made up more than there are.
func at(all []message, i int) message {
	if i < len(all) {
		return all[i]
	}
	return message{}
}
