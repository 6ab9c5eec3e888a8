package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/kernel"
	"deeprank/internal/progress"
	"deeprank/internal/retrieval"
	"deeprank/internal/searchpage"
	"deeprank/internal/vectors"
)

// searchOptions are the flags of the command search.
type searchOptions struct {
	trainedOptions
	embeddings, images, sheet string
	queries                   []string
	top, cell                 int
	json, quiet               bool
}

// searchResult is what the command tells on stdout.
type searchResult struct {
	Embeddings string        `json:"embeddings"`
	Pictures   int           `json:"pictures"` // searched
	Dim        int           `json:"dim"`
	Sheet      string        `json:"sheet,omitempty"`
	Queries    []queryResult `json:"queries"`
}

type queryResult struct {
	Query string           `json:"query"` // as it was given
	Name  string           `json:"name,omitempty"`
	Hits  []searchpage.Hit `json:"hits"`
	row   int              // of the embeddings; -1 for a picture
}

func readSearchOptions(args []string, stdout io.Writer) (*searchOptions, error) {
	var o searchOptions
	f := cli.NewFlags("rank search", "--embeddings DIR --query PICTURE | ROW", `Finds the pictures nearest to a query among embeddings that rank embed wrote. The search is exact: every embedding is
compared. The query is a picture's file, which the network of the embeddings embeds, or the row of one of the pictures, from 0
(metadata.tsv in the folder lists them), which is left out of its own answer.

Distances are squared Euclidean, from 0 (equal) to 4 (opposite).`)
	f.StringVar(&o.embeddings, "embeddings", "", "folder that rank embed wrote, or a .npy file")
	f.StringArrayVar(&o.queries, "query", nil, "a picture's file, or a row; may be given several times")
	f.IntRange(&o.top, "top", 10, 1, 10000, "nearest pictures of each query")
	f.BoolVar(&o.json, "json", false, "print the JSON line alone, no table")
	f.StringVar(&o.sheet, "sheet", "", "also show the queries and what was found: a PNG file, or a page where the name ends in .html")
	f.IntRange(&o.cell, "cell", 96, 16, 512, "side of each picture on the sheet in pixels")
	f.StringVar(&o.images, "images", "", "folder of the pictures, for the sheet (default: where they were embedded from)")
	f.StringVar(&o.checkpoint, "checkpoint", "", "the network, if its file was moved (default: that of the embeddings)")
	f.StringVar(&o.run, "run", "", "the network's run, if it was moved or the checkpoint holds no config")
	f.IntRange(&o.threads, "threads", 0, 0, 1024, "threads; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but the result, warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	switch {
	case o.embeddings == "":
		return nil, cli.Usagef("--embeddings DIR is missing: a folder that rank embed wrote")
	case len(o.queries) == 0:
		return nil, cli.Usagef("--query is missing: a picture's file, or a row of the embeddings")
	case slices.Contains(o.queries, ""):
		return nil, cli.Usagef("a --query is empty; name a picture's file, or a row of the embeddings")
	}
	if o.sheet != "" {
		if kind := strings.ToLower(filepath.Ext(o.sheet)); kind != ".png" && kind != ".html" {
			return nil, cli.Usagef("--sheet %s: its name must end in .png or .html", o.sheet)
		}
		if pixels := len(o.queries) * (o.top + 1) * o.cell * o.cell; pixels > maxPixels {
			return nil, cli.Usagef("a sheet of %d queries with %d pictures of %d x %d pixels would be too large to look at; lower --top or --cell",
				len(o.queries), o.top, o.cell, o.cell)
		}
		return &o, cli.CheckTarget("--sheet", o.sheet, "PNG or HTML file")
	}
	return &o, nil
}

// searchCommand searches.
func searchCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readSearchOptions(args, stdout)
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
	if e.Rows() == 0 {
		return nil, &data.Refused{Path: o.embeddings, Reason: "holds no embedding to search in"}
	}
	if o.sheet != "" && e.Meta == nil {
		return nil, cli.Usagef("--sheet needs a folder that rank embed wrote; %s is numbers alone", o.embeddings)
	}
	report.Printf("gallery   %s: %d embeddings of %d", o.embeddings, e.Rows(), e.Dim())
	result := &searchResult{Embeddings: o.embeddings, Pictures: e.Rows(), Dim: e.Dim()}
	team := kernel.NewTeam(o.threads)
	defer team.Close()
	queries, err := o.embedQueries(ctx, e, team, result, report)
	if err != nil {
		return nil, err
	}
	report.Status("searching")
	found, err := retrieval.Search(ctx, team, queries, e, o.top, func(q, place int) bool { return result.Queries[q].row == place })
	if errors.Is(err, retrieval.ErrNotFinite) {
		return nil, &data.Refused{Path: o.embeddings, Reason: "cannot be searched", Err: err}
	}
	if err != nil {
		return nil, err
	}
	for q, hits := range found {
		for i, h := range hits {
			result.Queries[q].Hits = append(result.Queries[q].Hits, searchpage.HitOf(e.Meta, i+1, h))
		}
	}
	report.Status("")
	if !o.json {
		result.write(stdout)
	}
	if o.sheet != "" {
		if err := writeHits(e, result, o); err != nil {
			return nil, err
		}
		result.Sheet = o.sheet
		report.Printf("sheet     %s", o.sheet)
	}
	return result, nil
}

// embedQueries gives the queries' embeddings: copied for rows, computed for pictures.
func (o *searchOptions) embedQueries(ctx context.Context, e *vectors.Folder, team *kernel.Team, result *searchResult, report *progress.Reporter) (retrieval.Matrix, error) {
	dim := e.Dim()
	v := retrieval.Matrix{Values: make([]float32, len(o.queries)*dim), Columns: dim}
	var net *network
	defer func() {
		if net != nil {
			net.close()
		}
	}()
	for i, text := range o.queries {
		q := queryResult{Query: text, Hits: []searchpage.Hit{}, row: -1}
		to := v.Values[i*dim : (i+1)*dim]
		if digits(text) {
			row, err := strconv.Atoi(text)
			if err != nil || row >= e.Rows() {
				return v, cli.Usagef("--query %s: the embeddings have rows from 0 to %d (a picture whose name is a number is ./%s)", text, e.Rows()-1, text)
			}
			q.row = row
			values, err := e.Read(row, row+1, make([]float32, dim))
			if err != nil {
				return v, err
			}
			copy(to, values)
			if _, err := retrieval.HalfNorms(ctx, team, retrieval.Matrix{Values: to, Columns: dim}); errors.Is(err, retrieval.ErrNotFinite) {
				return v, &data.Refused{Path: o.embeddings, Reason: fmt.Sprintf("cannot be searched: row %d %v", row, retrieval.ErrNotFinite)}
			}
			if e.Meta != nil {
				q.Name = e.Meta.Name[row]
			}
		} else {
			if net == nil {
				var err error
				if net, err = networkOf(ctx, e, o.embeddings, o.trainedOptions, report); err != nil {
					return v, err
				}
			}
			if err := embedPicture(ctx, net, e, text, to); err != nil {
				return v, err
			}
		}
		result.Queries = append(result.Queries, q)
	}
	return v, nil
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// embedPicture embeds a picture's file into v.
func embedPicture(ctx context.Context, net *network, e *vectors.Folder, path string, v []float32) error {
	pixels, err := loadPicture(path, net.cfg.Size, net.cfg.Fit)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return net.embedPixels(e, pixels, path, v)
}

// loadPicture decodes a picture that is in no table.
func loadPicture(path string, size int, fit string) ([]byte, error) {
	const remedy = "name a picture's file after --query, or a row of the embeddings, a whole number"
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, &data.Refused{Path: path, Reason: "there is no such picture", Remedy: remedy}
	}
	p, err := data.OpenPictures(&data.Metadata{Name: []string{filepath.Base(real)}}, filepath.Dir(real), data.PictureOptions{Size: size, Fit: fit})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	pixels, err := p.Load(0)
	if r, ok := errors.AsType[*data.Refused](err); ok {
		return nil, &data.Refused{Path: path, Reason: r.Reason, Remedy: remedy, Err: r.Err}
	}
	return pixels, err
}

// write prints the hits as tables.
func (r *searchResult) write(w io.Writer) {
	for i := range r.Queries {
		q := &r.Queries[i]
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "query %s", q.Query)
		if q.Name != "" {
			fmt.Fprintf(w, " (%s)", shorten(q.Name, 60))
		}
		fmt.Fprintf(w, ", %d nearest of %d\n  %4s  %8s  %8s  %-12s %-16s %-10s %s\n", len(q.Hits), r.Pictures, "rank", "distance", "row", "product", "category", "colour", "name")
		for _, h := range q.Hits {
			fmt.Fprintf(w, "  %4d  %8.5f  %8d  %-12s %-16s %-10s %s\n", h.Rank, h.Distance, h.Row,
				shorten(h.ID, 12), shorten(h.Category, 16), shorten(h.Colour, 10), shorten(h.Name, 80))
		}
	}
}
