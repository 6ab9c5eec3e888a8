package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/progress"
	"deeprank/internal/retrieval"
	"deeprank/internal/searchpage"
	"deeprank/internal/vectors"
)

// serveOptions are the flags of the command serve.
type serveOptions struct {
	trainedOptions
	embeddings, images, listen string
	host                       string // of listen
	top, maxUpload             int
	quiet                      bool
}

// serveResult is what the command tells on stdout.
type serveResult struct {
	Embeddings string `json:"embeddings"`
	Checkpoint string `json:"checkpoint"`
	Address    string `json:"address"`
	Pictures   int    `json:"pictures"`
	Searches   int    `json:"searches"` // answered
}

// thumbnailSide is that of the pictures on the page, in pixels: sharp on a screen of two pixels a point, and some 10 kB.
const thumbnailSide = 320

// spareMemory is for what requests need: the largest picture that may be sent takes some 600 MB while it is decoded.
const spareMemory = 1 << 30

// closing is how long requests may take to end after a signal.
const closing = 5 * time.Second

func readServeOptions(args []string, stdout io.Writer) (*serveOptions, error) {
	var o serveOptions
	f := cli.NewFlags("rank serve", "--embeddings DIR", `Serves a page to search with one's eyes: drop a picture on it, choose a file, or pick one of the gallery's pictures, and see the
nearest with distance, category and colour; filter by category and colour. It runs until a signal (Ctrl+C).

The page is for this machine alone, unless --listen names another address; then all who reach that address can see the pictures.
Nothing is loaded from elsewhere, and pictures that are sent are not kept.`)
	f.StringVar(&o.embeddings, "embeddings", "", "folder that rank embed wrote")
	f.StringVar(&o.checkpoint, "checkpoint", "", "the network, if its file was moved (default: that of the embeddings)")
	f.StringVar(&o.run, "run", "", "the network's run, if it was moved or the checkpoint holds no config")
	f.StringVar(&o.images, "images", "", "folder of the pictures (default: where they were embedded from)")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address and port of the page; port 0 is any free one")
	f.IntRange(&o.top, "top", 20, 1, searchpage.MostTop, "pictures shown at first; the page can be asked for others")
	f.IntRange(&o.maxUpload, "max-upload", 20, 1, 256, "largest file of a picture that is sent, in MiB")
	f.IntRange(&o.threads, "threads", 0, 0, 1024, "threads; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but the address, warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	if o.embeddings == "" {
		return nil, cli.Usagef("--embeddings DIR is missing: a folder that rank embed wrote")
	}
	host, port, err := net.SplitHostPort(o.listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return nil, cli.Usagef("--listen %q is no address with a port; it is like 127.0.0.1:8080, or [::1]:8080", o.listen)
	}
	o.host = host
	return &o, nil
}

// serveCommand serves the page until ctx ends.
func serveCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readServeOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	e, err := vectors.OpenFolder(o.embeddings)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	switch {
	case e.Meta == nil:
		return nil, cli.Usagef("--embeddings %s is numbers alone; the page needs a folder that rank embed wrote, with the pictures' table", o.embeddings)
	case e.Rows() == 0:
		return nil, &data.Refused{Path: o.embeddings, Reason: "holds no embedding to search in"}
	}
	if o.images == "" {
		o.images = e.Info.Images
	}
	thumbnails, err := data.OpenPictures(e.Meta, o.images, data.PictureOptions{Size: thumbnailSide, Fit: "pad"})
	if err != nil {
		return nil, err
	}
	defer thumbnails.Close()
	listener, err := o.open(ctx) // before the network, which takes its time
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	report.Printf("gallery   %s: %d embeddings of %d", o.embeddings, e.Rows(), e.Dim())
	n, err := networkOf(ctx, e, o.embeddings, o.trainedOptions, report)
	if err != nil {
		return nil, err
	}
	defer n.close()
	report.Status("reading the embeddings")
	if _, err := retrieval.HalfNorms(ctx, n.team, e); err != nil { // each of them is finite
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, &data.Refused{Path: o.embeddings, Reason: "cannot be searched", Err: err}
	}
	report.Status("")
	cli.LimitMemory(spareMemory)
	page := searchpage.New(searchpage.Options{
		Gallery: e, Meta: e.Meta, Thumbnails: thumbnails, Team: n.team,
		Embed: func(pixels []byte, v []float32) error { return n.embedPixels(e, pixels, "a picture that was sent", v) },
		Size:  n.cfg.Size, Fit: n.cfg.Fit, Title: o.title(), Top: o.top, MaxUpload: int64(o.maxUpload) << 20, Host: o.host, Warn: report.Warnf,
	})
	result := &serveResult{Embeddings: o.embeddings, Checkpoint: n.path, Address: addressOf(listener), Pictures: e.Rows()}
	if o.quiet {
		fmt.Fprintln(stderr, result.Address)
	} else {
		report.Printf("page      %s (Ctrl+C ends it)", result.Address)
	}
	if a, ok := listener.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		report.Warnf("all who reach this machine at %s can see the pictures and search; 127.0.0.1 is for itself alone", o.listen)
	}
	err = serve(ctx, listener, page)
	result.Searches = page.Searches()
	return result, err
}

// open listens.
func (o *serveOptions) open(ctx context.Context) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	var lookup *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, cli.Usagef("--listen %s: another program listens there; name another port, or 0 for any free one", o.listen)
	case errors.Is(err, syscall.EACCES):
		return nil, cli.Usagef("--listen %s: ports below 1024 need rights that you lack; name a higher one", o.listen)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &lookup):
		return nil, cli.Usagef("--listen %s: this machine has no such address", o.listen)
	case err != nil:
		return nil, fmt.Errorf("--listen %s: %w", o.listen, err)
	}
	return l, nil
}

// addressOf is the page's address for a browser on this machine.
func addressOf(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return "http://localhost:" + port + "/"
	}
	return "http://" + l.Addr().String() + "/"
}

// title names the gallery on the page, without the folders above it: the page may be shown to others.
func (o *serveOptions) title() string {
	if path, err := filepath.Abs(o.embeddings); err == nil {
		return filepath.Base(path)
	}
	return filepath.Base(o.embeddings)
}

// serve answers until ctx ends; then requests in work get some time. Its error is ctx's, or that of the listener.
func serve(ctx context.Context, l net.Listener, page *searchpage.Server) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := &http.Server{
		Handler: page, BaseContext: func(net.Listener) context.Context { return requests },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // of clients that are gone
	}
	searchpage.Configure(server)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("the page's server ended: %w", err)
	case <-ctx.Done():
	}
	patience, stop := context.WithTimeout(requests, closing)
	defer stop()
	if err := server.Shutdown(patience); err != nil {
		cancel() // searches end
		_ = server.Close()
	}
	page.Wait() // they use what the caller closes next
	return ctx.Err()
}
