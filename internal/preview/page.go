package preview

import (
	"cmp"
	"context"
	"errors"
	"image"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"deeprank/data"
	"deeprank/internal/inventory"
)

// Page is what is shown.
type Page struct {
	Title    string
	Subtitle string
	Items    []Item
	Side     int // of the pictures, pixels
	Bad      []BadPicture
	Pictures int // distinct pictures on the page, bad ones too
}

// Item is a triplet.
type Item struct {
	Number int // in its file, from 1
	Kind   data.Kind
	// Query, positive and negative.
	Pictures [3]*Picture
}

// Picture is a row's picture and what is known of it.
type Picture struct {
	Row                               int
	Category, Colour, Product, Gender string
	Name                              string
	Image                             *image.NRGBA // nil where it cannot be read
	Bad                               string       // why not
}

// BadPicture is a picture that cannot be read.
type BadPicture struct {
	Row  int    `json:"row"`
	Name string `json:"name"`
	Why  string `json:"reason"`
}

// Load reads the pictures of some triplets, in several goroutines. progress may be nil. The errors are ctx's and the machine's.
func Load(ctx context.Context, m *data.Metadata, p *data.Pictures, ts []data.Triplet, places []int, threads int, progress func(done, total int)) (*Page, error) {
	page := &Page{Side: p.Size()}
	byRow := map[int32]*Picture{}
	var all []*Picture
	for _, place := range places {
		t := ts[place]
		item := Item{Number: place + 1, Kind: m.KindOf(t)}
		for i, row := range [3]int32{t.Query, t.Positive, t.Negative} {
			if byRow[row] == nil {
				byRow[row] = Describe(m, row)
				all = append(all, byRow[row])
			}
			item.Pictures[i] = byRow[row]
		}
		page.Items = append(page.Items, item)
	}
	page.Pictures = len(all)
	var next, done atomic.Int64
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for range max(1, threads) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				errs[i] = all[i].load(p)
				if n := int(done.Add(1)); progress != nil {
					progress(n, len(all))
				}
			}
		})
	}
	wg.Wait()
	if err := cmp.Or(ctx.Err(), cmp.Or(errs...)); err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.Image == nil {
			page.Bad = append(page.Bad, BadPicture{one.Row, one.Name, one.Bad})
		}
	}
	slices.SortFunc(page.Bad, func(a, b BadPicture) int { return a.Row - b.Row })
	return page, nil
}

func (one *Picture) load(p *data.Pictures) error {
	pixels, err := p.Load(one.Row)
	if err != nil {
		r, ok := errors.AsType[*data.Refused](err)
		if !ok {
			return err
		}
		// The row stands in the caption, and the path beside the count of bad pictures.
		one.Bad, _, _ = strings.Cut(r.Reason, " (row ")
		if r.Err != nil && !errors.Is(r, fs.ErrNotExist) {
			one.Bad += ": " + r.Err.Error()
		}
		return nil
	}
	side := p.Size()
	one.Image = image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		copy(one.Image.Pix[4*i:], pixels[3*i:3*i+3])
		one.Image.Pix[4*i+3] = 255
	}
	return nil
}

// Describe is what is known of a row, without its picture.
func Describe(m *data.Metadata, row int32) *Picture {
	return &Picture{Row: int(row), Category: m.Category[row], Colour: m.Color[row], Product: m.ID[row], Gender: m.Gender[row], Name: m.Name[row]}
}

// What says in a line what a picture shows: its colour and category.
func (one *Picture) What() string {
	if one.Category == "" && one.Colour == "" {
		return inventory.Unknown
	}
	return inventory.Label(one.Colour) + " " + inventory.Label(one.Category)
}

// Of names the product in a line.
func (one *Picture) Of() string { return "product " + inventory.Label(one.Product) }

// Captions gives what stands below the page's pictures, of each picture once.
func (p *Page) Captions() (texts []string) {
	seen := map[*Picture]bool{}
	for _, item := range p.Items {
		for _, one := range item.Pictures {
			if !seen[one] {
				seen[one] = true
				texts = append(texts, one.What()+" "+one.Of())
			}
		}
	}
	return texts
}

// File is the picture's name as it can be shown.
func (one *Picture) File() string { return inventory.Label(one.Name) }
