package curves

// Figure is a picture of one or several panels, one below the other.
type Figure struct {
	Title  string   // may be empty
	Names  []string // of the series, for the legend; the series of all panels share them, and the colours
	Panels []Panel
	End    float64 // the horizontal axis reaches at least so far
	Width  int     // pixels; 0 means 860
	Height int     // of each panel's plot in pixels; 0 means 220
}

// Panel is a chart.
type Panel struct {
	Title   string
	X, Y    string // what the axes measure
	Lines   []Line
	Percent bool // values are shares, ticks are written in per cent
	Zero    bool // the vertical axis begins at 0
}

// Line is a series' values. Both slices are of one length; numbers that are not finite are left out.
type Line struct {
	Series int // place in Names
	X, Y   []float64
	Dots   bool // few values: each has a dot
}
