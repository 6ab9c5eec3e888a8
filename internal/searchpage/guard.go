package searchpage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

// refusal is an error that the user is told.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// policy lets the page load what this server gives, and show a picture that the user chose.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	noted := &noting{ResponseWriter: w}
	defer func() {
		if p := recover(); p != nil {
			s.warn("a request failed inside: %s %q: %v", r.Method, r.URL.Path, p)
			s.fail(noted, refuse(http.StatusInternalServerError, "something went wrong inside the program; it goes on"))
		}
	}()
	if err := s.serve(noted, r); err != nil {
		if _, ok := errors.AsType[*refusal](err); !ok {
			if r.Context().Err() != nil { // the client is gone or has closed its side, or the program ends
				err = refuse(http.StatusServiceUnavailable, "the request was given up, since the connection was closed or the program is ending")
			} else {
				s.warn("a request failed: %s %q: %v", r.Method, r.URL.Path, err)
				err = refuse(http.StatusInternalServerError, "the request failed; the program's messages say why")
			}
		}
		drain(r)
		s.fail(noted, err)
	}
}

// mostDrained bounds what is read of a body that is refused.
const mostDrained = 256 << 20

// drain reads the body of a request that is refused: most clients send all of it before they read why. One that asks first, by Expect, is
// answered at once.
func drain(r *http.Request) {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, mostDrained)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) error {
	if !s.using.TryRLock() {
		return refuse(http.StatusServiceUnavailable, "the program is ending")
	}
	defer s.using.RUnlock()
	if !s.knows(r.Host) {
		return refuse(http.StatusForbidden, "the request is for the host %.100q, which this server is not", r.Host)
	}
	to, ok := s.route(r.URL.Path)
	if !ok {
		return refuse(http.StatusNotFound, "there is nothing at %.100q", r.URL.Path)
	}
	if !slices.Contains(to.methods, r.Method) {
		w.Header().Set("Allow", strings.Join(to.methods, ", "))
		return refuse(http.StatusMethodNotAllowed, "the method %.20q is not for %.100q; it takes %s", r.Method, r.URL.Path, strings.Join(to.methods, ", "))
	}
	if err := s.cross.Check(r); err != nil {
		return refuse(http.StatusForbidden, "a page of another site may not send pictures here")
	}
	return to.serve(w, r)
}

// fail tells what is wrong, unless an answer was begun.
func (s *Server) fail(w *noting, err error) {
	e, ok := errors.AsType[*refusal](err)
	if !ok || w.begun {
		return
	}
	if e.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	_ = answer(w, e.status, map[string]string{"error": e.text}) // strings can be marshalled
}

func (s *Server) warn(format string, args ...any) {
	if s.o.Warn != nil {
		s.o.Warn(format, args...)
	}
}

// knows says whether a Host header means this server. The port may be another one, of a tunnel.
func (s *Server) knows(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	if ip := net.ParseIP(name); ip != nil && (s.anyAddress || ip.IsLoopback()) {
		return true
	}
	return s.hosts[name]
}

// noting remembers whether the answer was begun.
type noting struct {
	http.ResponseWriter
	begun bool
}

func (n *noting) WriteHeader(status int) {
	n.begun = true
	n.ResponseWriter.WriteHeader(status)
}

func (n *noting) Write(b []byte) (int, error) {
	n.begun = true
	return n.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// enter takes a place, or waits for one as long as the client does. Nothing is begun for a client that is gone.
func enter(ctx context.Context, places chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil { // both were ready
		leave(places)
		return err
	}
	return nil
}

func leave(places chan struct{}) { <-places }
