package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"deeprank/configs"
	"deeprank/internal/cli"
	"deeprank/internal/searchpage"
)

// serving is a page that is served.
type serving struct {
	address string
	stop    func(s os.Signal) (code int, line serveLine, stderr string)
}

type serveLine struct {
	serveResult
	Status, Reason, Error string
}

// serveNow runs rank serve until its page can be asked.
func serveNow(t *testing.T, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	messages, to := io.Pipe()
	var out, said bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), &out, to)
		_ = to.Close()
	}()
	s := &serving{}
	lines := bufio.NewScanner(messages)
	for s.address == "" && lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
		if at := strings.Index(lines.Text(), "http://"); at >= 0 {
			s.address, _, _ = strings.Cut(lines.Text()[at:], " ")
		}
	}
	if s.address == "" {
		t.Fatalf("no address: exit code %d, %s%s", <-code, said.String(), out.String())
	}
	rest := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(messages)
		rest <- string(all)
	}()
	s.stop = func(signal os.Signal) (int, serveLine, string) {
		cancel(cli.StopSignal{Signal: signal})
		c := <-code
		var line serveLine
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("stdout %q: %v", out.String(), err)
		}
		return c, line, said.String() + <-rest
	}
	return s
}

// hits asks the page.
func (s *serving) hits(t *testing.T, method, query string, body []byte) []searchpage.Hit {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.address+"api/search?"+query, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "image/jpeg")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var found struct {
		Hits  []searchpage.Hit
		Error string
	}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil || answer.StatusCode != 200 {
		t.Fatalf("%s: %s %q: %v", query, answer.Status, found.Error, err)
	}
	return found.Hits
}

func TestServe(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	o := newOracle(t, r, allRows(), r.best)
	dir := filepath.Join(t.TempDir(), "e")
	if code, _, _, stderr := callFor[embedResult](t, "embed", "--checkpoint", r.bestPath(), "--metadata", r.metadata(), "--out", dir); code != 0 {
		t.Fatal(stderr)
	}
	s := serveNow(t, "--embeddings", dir, "--top", "5")
	for row, hits := range map[int][]searchpage.Hit{7: s.hits(t, http.MethodGet, "row=7", nil), 40: s.hits(t, http.MethodGet, "row=40&top=9", nil)} {
		if len(hits) != map[int]int{7: 5, 40: 9}[row] {
			t.Errorf("row %d: %d hits", row, len(hits))
		}
		for _, h := range hits {
			if o.rank(int32(row), int32(h.Row)) != h.Rank-1 || h.Name != o.meta.Name[h.Row] {
				t.Errorf("row %d: %+v, want rank %d", row, h, o.rank(int32(row), int32(h.Row))+1)
			}
			nearly(t, "the distance", h.Distance, o.distance(int32(row), int32(h.Row)))
		}
	}
	// A picture of the gallery that is sent comes first; with a filter, the nearest of those that match do.
	picture, err := os.ReadFile(filepath.Join(r.shop, "images", o.meta.Name[40]))
	if err != nil {
		t.Fatal(err)
	}
	if hits := s.hits(t, http.MethodPost, "", picture); len(hits) != 5 || hits[0].Row != 40 || hits[0].Distance != 0 || o.rank(40, int32(hits[1].Row)) != 0 {
		t.Errorf("%+v", hits)
	}
	last := -1
	for _, h := range s.hits(t, http.MethodPost, "color=blue&category="+o.meta.Category[0], picture) {
		rank := -1
		if h.Row != 40 {
			rank = o.rank(40, int32(h.Row))
		}
		if h.Colour != "blue" || h.Category != o.meta.Category[0] || rank < last {
			t.Errorf("%+v of rank %d after %d", h, rank, last)
		}
		last = rank
	}
	if last < 0 {
		t.Error("the filter found nothing")
	}
	code, line, stderr := s.stop(os.Interrupt)
	if code != 130 || line.Status != "stopped" || line.Searches != 4 || line.Pictures != 120 || line.Address != s.address || line.Checkpoint == "" || strings.Contains(stderr, "warning") {
		t.Errorf("exit code %d, %+v, %s", code, line, stderr)
	}
	// Flipped embeddings take flipped queries; quiet; the network of a run.
	flipped := filepath.Join(t.TempDir(), "f")
	if code, _, _, stderr := callFor[embedResult](t, "embed", "--run", r.run, "--flip", "--metadata", r.metadata(), "--out", flipped); code != 0 {
		t.Fatal(stderr)
	}
	s = serveNow(t, "--embeddings", flipped, "--quiet", "--run", r.run, "--checkpoint", r.bestPath(), "--images", filepath.Join(r.shop, "images"))
	if hits := s.hits(t, http.MethodPost, "", picture); hits[0].Row != 40 || hits[0].Distance != 0 {
		t.Errorf("%+v", hits)
	}
	if code, _, stderr := s.stop(syscall.SIGTERM); code != 143 || !strings.HasPrefix(stderr, "http://127.0.0.1:") {
		t.Errorf("exit code %d, %q", code, stderr)
	}

	busy, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	other := newTestRun(t, func(c *configs.Config) { c.EmbedDim = 7 })
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "--embeddings DIR is missing", nil},
		{2, "no address with a port", []string{"--embeddings", dir, "--listen", "127.0.0.1"}},
		{2, "no address with a port", []string{"--embeddings", dir, "--listen", "127.0.0.1:99999"}},
		{2, "no address with a port", []string{"--embeddings", dir, "--listen", "127.0.0.1:http"}},
		{2, "another program listens there", []string{"--embeddings", dir, "--listen", busy.Addr().String()}},
		{2, "has no such address", []string{"--embeddings", dir, "--listen", "192.0.2.1:0"}},
		{2, "--top is 201", []string{"--embeddings", dir, "--top", "201"}},
		{2, "--max-upload is 0", []string{"--embeddings", dir, "--max-upload", "0"}},
		{2, "numbers alone", []string{"--embeddings", filepath.Join(dir, "embeddings.npy")}},
		{3, "no such embeddings", []string{"--embeddings", dir + "x"}},
		{3, "cannot open the images folder", []string{"--embeddings", dir, "--images", dir + "x"}},
		{3, "is not the checkpoint", []string{"--embeddings", dir, "--listen", "127.0.0.1:0", "--checkpoint", other.bestPath()}},
	} {
		code, line, _, stderr := callFor[struct{ Status, Error string }](t, append([]string{"serve"}, c.args...)...)
		if code != c.code || line.Status != "failed" || !strings.Contains(line.Error, c.want) || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, want %d; error %q, want %q", c.args, code, c.code, line.Error, c.want)
		}
	}
}
