package pipeline

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/role"
	"github.com/tollgate-dev/tollgate/testenv/volume"
)

// post asks the pipeline with the run's token, or without any, and returns what it answers.
func (r running) post(t *testing.T, path, token string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+r.addr["http"]+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		api.Authorize(req, token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, text
}

// bytes asks a question whose answer is Stats.
func (r running) bytes(t *testing.T, question string) int64 {
	t.Helper()
	var s Stats
	code, text := r.post(t, role.ControlPath+question, token)
	if err := json.Unmarshal(text, &s); err != nil || code != http.StatusOK {
		t.Fatalf("%d %s", code, text)
	}
	return s.Bytes
}

// exported is what came while the pipeline kept exports, and how many bytes it says that it received.
func (r running) exported(t *testing.T, send func()) (result.Volume, int64) {
	t.Helper()
	received := -r.bytes(t, role.KeepExports)
	send()
	received += r.bytes(t, role.HoldExports)
	_, text := r.post(t, role.ExportsPath, token)
	all, err := volume.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	tally := volume.NewTally("full")
	for _, e := range all {
		if !tally.Add(e) {
			t.Errorf("an export of %s cannot be taken apart", e.Signal)
		}
	}
	return tally.Volume(), received
}

// TestExportsAddUp: what the real exporters send is taken apart to the last byte of what the Collector says that it received.
func TestExportsAddUp(t *testing.T) {
	r := start(t, Config{})
	s := newSDK(t, r)
	s.decide("none") // before: in nothing
	s.flush(t)
	v, received := r.exported(t, func() {
		s.decide("none", "none", "attribute-missing")
		s.flush(t)
	})
	sum, seen := int64(0), map[string]int64{}
	for _, p := range v.Parts {
		sum += p.Bytes
		seen[p.Signal+" "+p.Name] += p.Count
	}
	if sum != received || received < 500 || v.Compressed {
		t.Errorf("parts of %d bytes, %d were received: %+v", sum, received, v)
	}
	if seen["spans decide"] != 3 || seen["logs default content"] != 1 || seen["metrics perso.decisions"] != 2 {
		t.Errorf("%v", seen)
	}
}

// TestCompressedExports: a body that came compressed is kept as it was before, and said to have been.
func TestCompressedExports(t *testing.T) {
	r := start(t, Config{})
	body, err := forged().MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	var small bytes.Buffer
	w := gzip.NewWriter(&small)
	if _, err := w.Write(body); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	sent := int64(small.Len())
	v, received := r.exported(t, func() {
		req, err := http.NewRequest(http.MethodPost, r.addr["otlp"]+"/v1/metrics", &small)
		if err != nil {
			t.Fatal(err)
		}
		api.Authorize(req, pipelineToken)
		req.Header.Set("Content-Type", "application/x-protobuf")
		req.Header.Set("Content-Encoding", "gzip")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	})
	if !v.Compressed || received != sent || len(v.Parts) != 2 || v.Parts[0].Bytes+v.Parts[1].Bytes != int64(len(body)) {
		t.Errorf("%d received of %d sent, %d before: %+v", received, sent, len(body), v)
	}
}

// TestExportsNeedTheToken: what services export is for the run alone.
func TestExportsNeedTheToken(t *testing.T) {
	r := start(t, Config{})
	for _, path := range []string{role.ControlPath + role.KeepExports, role.ControlPath + role.HoldExports, role.ExportsPath} {
		for _, wrong := range []string{"", "other", pipelineToken} {
			if code, text := r.post(t, path, wrong); code != http.StatusUnauthorized {
				t.Errorf("%s with %q: %d %s", path, wrong, code, text)
			}
		}
	}
	if code, text := r.post(t, role.ExportsPath, token); code != http.StatusOK || len(text) != 0 {
		t.Errorf("nothing was kept: %d, %d bytes", code, len(text))
	}
}
