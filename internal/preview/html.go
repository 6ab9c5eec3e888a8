package preview

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"deeprank/data"
	"deeprank/internal/pagestyle"
	"deeprank/internal/sheet"
)

//go:embed page.html
var pageTemplate string

// htmlItem is a triplet for the template.
type htmlItem struct {
	Number         int
	Kind, KindName string
	Search         string // lower case: what the text filter looks in
	Pictures       []htmlPicture
}

type htmlPicture struct {
	*Picture
	Role   string
	Is     string // what it is to the query
	Class  string // for the frame's colour
	Side   int
	Source template.URL
}

type htmlKind struct {
	Name, Text string
	Count      int
}

// WriteHTML writes the page as one file that needs no other and no network.
func WriteHTML(w io.Writer, p *Page) error {
	t, err := template.New("page").Funcs(pagestyle.Functions()).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("preview: the built-in page: %w", err)
	}
	sources := map[*Picture]template.URL{}
	counts := map[data.Kind]int{}
	items := make([]htmlItem, len(p.Items))
	for i, item := range p.Items {
		counts[item.Kind]++
		is := []string{"", item.Kind.Positive.String(), item.Kind.Negative.String()}
		class := []string{"query", positives()[item.Kind.Positive], negatives()[item.Kind.Negative]}
		search := []string{fmt.Sprint(item.Number), item.Kind.String()}
		h := htmlItem{Number: item.Number, Kind: item.Kind.String(), KindName: KindName(item.Kind)}
		for j, picture := range item.Pictures {
			if _, ok := sources[picture]; !ok {
				if sources[picture], err = source(picture); err != nil {
					return fmt.Errorf("%s: %w", picture.Name, err)
				}
			}
			h.Pictures = append(h.Pictures, htmlPicture{picture, [...]string{"query", "positive", "negative"}[j], is[j], class[j], p.Side, sources[picture]})
			search = append(search, picture.Colour, picture.Category, picture.Product, picture.Gender, picture.Name, picture.Bad)
		}
		h.Search = strings.ToLower(strings.Join(search, " "))
		items[i] = h
	}
	var kinds []htmlKind
	for k, n := range counts {
		kinds = append(kinds, htmlKind{KindName(k), k.String(), n})
	}
	slices.SortFunc(kinds, func(a, b htmlKind) int { return strings.Compare(a.Name, b.Name) })
	return t.Execute(w, struct {
		*Page
		Items []htmlItem
		Kinds []htmlKind
	}{p, items, kinds})
}

// source is a picture's address, which holds the picture itself; "" where there is none.
func source(p *Picture) (template.URL, error) {
	if p.Image == nil {
		return "", nil
	}
	return sheet.JPEG(p.Image)
}
