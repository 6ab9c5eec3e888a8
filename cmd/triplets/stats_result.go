package main

import (
	"deeprank/data"
	"deeprank/internal/inventory"
)

// statsResult is what the command stats tells on stdout in any case.
type statsResult struct {
	Metadata       string `json:"metadata"`
	Rows           int    `json:"rows"`
	Products       int    `json:"products"`
	WithoutProduct int    `json:"rows_without_product"`
	Single         int    `json:"single_picture_products"`
	Categories     int    `json:"categories"`
	Colours        int    `json:"colours"`
	Genders        int    `json:"genders"`
	Repeated       int    `json:"rows_that_repeat_a_picture"`

	Images         string `json:"images,omitempty"` // the files were looked at
	WithoutPicture *int   `json:"rows_without_picture,omitempty"`
	Missing        *int   `json:"missing_files,omitempty"`
	// With --deep:
	Duplicates       *int `json:"duplicate_pictures,omitempty"` // contents that occur several times
	DuplicateRows    *int `json:"duplicate_rows,omitempty"`
	DuplicatesAcross *int `json:"duplicate_pictures_across_products,omitempty"`
	RowsAcross       *int `json:"duplicate_rows_across_products,omitempty"`

	Plot string `json:"plot,omitempty"`
}

func newStats(o *statsOptions, m *data.Metadata, v *inventory.Inventory, f *inventory.Files) *statsResult {
	r := &statsResult{
		Metadata: m.Path, Rows: v.Rows, Products: v.Products, WithoutProduct: v.WithoutProduct, Single: len(v.Single), Repeated: v.Repeated,
		Categories: inventory.Known(v.Categories), Colours: inventory.Known(v.Colours), Genders: inventory.Known(v.Genders), Plot: o.plot,
	}
	if f != nil {
		bad := len(f.Bad)
		r.Images, r.WithoutPicture, r.Missing = o.images, &bad, &f.Missing
		if f.Deep {
			d := f.CountDuplicates()
			r.Duplicates, r.DuplicateRows, r.DuplicatesAcross, r.RowsAcross = &d.Groups, &d.Rows, &d.GroupsAcross, &d.RowsAcross
		}
	}
	return r
}

// fullStats is what it tells with --json.
type fullStats struct {
	*statsResult
	PerProduct    perProduct   `json:"pictures_per_product"`
	CategoryRows  []valueRows  `json:"category_rows"`
	ColourRows    []valueRows  `json:"colour_rows"`
	GenderRows    []valueRows  `json:"gender_rows"`
	Pairs         []pairRows   `json:"category_colour_rows"` // those that occur
	SingleRows    []pictureRow `json:"single_pictures"`
	BadRows       []pictureRow `json:"bad_pictures,omitempty"`
	DuplicateSets []sameFiles  `json:"duplicates,omitempty"`
}

type perProduct struct {
	Least  int        `json:"min"`
	Median int        `json:"median"`
	Mean   float64    `json:"mean"`
	P90    int        `json:"p90"`
	Most   int        `json:"max"`
	Counts []perCount `json:"products"`
}

type perCount struct {
	Pictures int `json:"pictures"`
	Products int `json:"products"`
}

// valueRows is a value of a column; "" is unknown.
type valueRows struct {
	Value string  `json:"value"`
	Rows  int     `json:"rows"`
	Share float64 `json:"share"`
}

type pairRows struct {
	Category string `json:"category"`
	Colour   string `json:"colour"`
	Rows     int    `json:"rows"`
}

type pictureRow struct {
	Row     int32  `json:"row"`
	Product string `json:"product"`
	Name    string `json:"name"`
	Reason  string `json:"reason,omitempty"`
}

type sameFiles struct {
	AcrossProducts bool         `json:"across_products"`
	Pictures       []pictureRow `json:"pictures"`
}

func newFullStats(o *statsOptions, m *data.Metadata, v *inventory.Inventory, f *inventory.Files) *fullStats {
	shares := func(values []inventory.Value) []valueRows {
		list := make([]valueRows, len(values))
		for i, x := range values {
			list[i] = valueRows{x.Name, x.Rows, float64(x.Rows) / float64(v.Rows)}
		}
		return list
	}
	picture := func(row int32, reason string) pictureRow { return pictureRow{row, m.ID[row], m.Name[row], reason} }
	r := &fullStats{
		statsResult: newStats(o, m, v, f), CategoryRows: shares(v.Categories), ColourRows: shares(v.Colours), GenderRows: shares(v.Genders),
		PerProduct: perProduct{Least: v.Quantile(0), Median: v.Quantile(0.5), Mean: v.Mean(), P90: v.Quantile(0.9), Most: v.Quantile(1), Counts: []perCount{}},
		Pairs:      make([]pairRows, 0, len(v.Pairs)), SingleRows: make([]pictureRow, 0, len(v.Single)),
	}
	for _, b := range v.PerProduct {
		r.PerProduct.Counts = append(r.PerProduct.Counts, perCount(b))
	}
	for _, p := range v.Pairs {
		r.Pairs = append(r.Pairs, pairRows{v.Categories[p.Category].Name, v.Colours[p.Colour].Name, p.Rows})
	}
	for _, row := range v.Single {
		r.SingleRows = append(r.SingleRows, picture(row, ""))
	}
	if f == nil {
		return r
	}
	for _, b := range f.Bad {
		r.BadRows = append(r.BadRows, picture(b.Row, b.Reason))
	}
	for _, g := range f.Duplicates {
		s := sameFiles{AcrossProducts: g.AcrossProducts}
		for _, row := range g.Rows {
			s.Pictures = append(s.Pictures, picture(row, ""))
		}
		r.DuplicateSets = append(r.DuplicateSets, s)
	}
	return r
}
