package runpage

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"image"
	"io"

	"deeprank/internal/curves"
	"deeprank/internal/pagestyle"
	"deeprank/internal/sheet"
)

//go:embed page.html
var pageTemplate string

// Page is what the page says. Parts that are nil or empty are left out.
type Page struct {
	Title     string
	Numbers   []Number
	Notes     []string // what is left out, and why
	Charts    []curves.Figure
	Hardest   *Hardest
	Retrieval *Retrieval
	Settings  []Setting
}

// Number is a number of the run and what it is.
type Number struct{ Name, Value, More string }

// Setting is a line of the config.
type Setting struct {
	Key, Value, Default string
	Changed             bool // is not the default
}

// Hardest are the triplets with the largest hinge.
type Hardest struct {
	About    string // which triplets they are
	Triplets []Triplet
}

// Triplet is one of them.
type Triplet struct {
	Number            int // in its file, from 1
	Kind              string
	Hinge, DPos, DNeg float64
	Pictures          [3]Picture // query, positive, negative
}

// Roles are the roles of its pictures.
func (t *Triplet) Roles() [3]string { return [...]string{"query", "positive", "negative"} }

// Retrieval shows what some queries find.
type Retrieval struct {
	About   string
	Numbers [][3]string // a measure, its value before and after
	Queries []Query
}

// Query is a query and its nearest pictures, the nearest first.
type Query struct {
	Picture       Picture
	Before, After []Picture
}

// Strips are both lists with their names.
func (q *Query) Strips() []Strip { return []Strip{{"before", q.Before}, {"after", q.After}} }

// Strip is a list of pictures.
type Strip struct {
	Name     string
	Pictures []Picture
}

// Picture is a picture with its text.
type Picture struct {
	Image image.Image
	What  string // colour and category
	Of    string // the product
	Class string // of a found picture: right, near or wrong; names its frame
}

// Is says what a found picture is to the query.
func (p *Picture) Is() string {
	return map[string]string{"right": "same product", "near": "another product of the same category and colour", "wrong": "neither"}[p.Class]
}

// Write writes the page.
func Write(w io.Writer, p *Page) error {
	sources := map[image.Image]template.URL{} // a picture that is on the page several times is encoded once
	t, err := template.New("page").Funcs(pagestyle.Functions()).Funcs(template.FuncMap{
		"source": func(one Picture) (template.URL, error) {
			if s, ok := sources[one.Image]; ok {
				return s, nil
			}
			s, err := sheet.JPEG(one.Image)
			sources[one.Image] = s
			return s, err
		},
		"svg":    func(f curves.Figure) template.HTML { return template.HTML(curves.SVG(f)) },
		"curves": func() template.CSS { return template.CSS(curves.Style()) },
		"number": func(v float64) string { return fmt.Sprintf("%.3f", v) },
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("runpage: the built-in page: %w", err)
	}
	return t.Execute(w, p)
}
