package kernel

import (
	"fmt"
	"testing"
)

var gridSizes = []struct{ images, height, width, tiles int }{
	{1, 1, 1, 1}, {1, 4, 4, 1}, {1, 5, 4, 2}, {1, 3, 7, 2}, {3, 7, 7, 12}, {2, 8, 8, 8}, {4, 1, 1, 4}, {5, 14, 14, 80}, {24, 14, 14, 384},
	{7, 6, 9, 42}, {5, 30, 30, 320}, {3, 4, 14, 12}, {3, 14, 8, 24}, {2, 56, 56, 392}, {0, 8, 8, 0}, {13, 2, 3, 13}, {13, 3, 3, 13},
}

// TestGrid: every pixel is an output of one tile, and around each output lie its neighbours in its image, or zeros.
func TestGrid(t *testing.T) {
	for _, c := range gridSizes {
		t.Run(fmt.Sprintf("%d images %dx%d", c.images, c.height, c.width), func(t *testing.T) {
			g := makeGrid(c.images, c.height, c.width)
			if g.tiles != c.tiles || g.tiles != g.rows*g.columns {
				t.Errorf("%d x %d = %d tiles, want %d", g.rows, g.columns, g.tiles, c.tiles)
			}
			const channels = 3
			m := g.over(make([]float32, g.pixels*channels), channels)
			owners := make([]int, g.pixels)
			var edge [positions]int
			for n := range g.tiles {
				base, at := m.tile(n, &edge)
				pixel := func(i, j int) int {
					p := at[i*tilePixels+j]
					if p == missing {
						return -1
					}
					if (base+p)%channels != 0 || base+p < 0 || base+p >= len(m.data) {
						t.Fatalf("tile %d: pixel (%d, %d) is at %d of %d", n, i, j, base+p, len(m.data))
					}
					return (base + p) / channels
				}
				for i := 1; i <= tileOutputs; i++ {
					for j := 1; j <= tileOutputs; j++ {
						p := pixel(i, j)
						if p < 0 {
							continue
						}
						owners[p]++
						y, x := p/c.width%c.height, p%c.width
						for dy := -1; dy <= 1; dy++ {
							for dx := -1; dx <= 1; dx++ {
								want := p + dy*c.width + dx
								if y+dy < 0 || y+dy >= c.height || x+dx < 0 || x+dx >= c.width {
									want = -1
								}
								if q := pixel(i+dy, j+dx); q != want {
									t.Fatalf("tile %d: %d down and %d right of pixel %d lies %d, want %d", n, dy, dx, p, q, want)
								}
							}
						}
					}
				}
			}
			for p, n := range owners {
				if n != 1 {
					t.Fatalf("pixel %d is an output of %d tiles", p, n)
				}
			}
		})
	}
}

func TestGridsAreKept(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	s := Conv{Images: 2, Height: 7, Width: 9}
	g := team.grid(s)
	for n := range 200 {
		if team.grid(s) != g && n < 32 {
			t.Fatal("made anew")
		}
		team.grid(Conv{Images: n + 3, Height: 3, Width: 3})
	}
	if len(team.grids) > 64 {
		t.Errorf("%d grids kept", len(team.grids))
	}
	if h := team.grid(s); h.images != 2 || h.height != 7 || h.width != 9 {
		t.Errorf("another grid: %+v", h)
	}
}
