package main

import (
	"math"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/model"
)

func vgg16(t *testing.T, head string, images int, freeze ...string) *network {
	t.Helper()
	spec := model.Spec{Size: 224, Width: 1, FCDim: 4096, EmbedDim: 4096, Head: head}
	frozen, err := spec.Frozen(freeze)
	if err != nil {
		t.Fatal(err)
	}
	n, err := newNetwork(spec, images, frozen)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Multiply-adds of VGG-16 at 224 x 224, from the literature: 15.347e9 in the convolutions (Simonyan and Zisserman's
// configuration D), of which the first has 86,704,128; fc6 and fc7 have as many as weights.
const (
	vggConvolutions = 15_346_630_656
	vggFirst        = 86_704_128
	vggHeads        = 102_760_448 + 16_777_216
)

func TestNetworkFLOPs(t *testing.T) {
	// The shallow paths by hand: 56 -> 15 and 28 -> 8 positions, 96 filters of 3x8x8; embed has 4096+3072 inputs.
	shallow := 96. * 3 * 64 * (15*15 + 8*8)
	embed := 7168. * 4096
	for _, c := range []struct {
		name    string
		freeze  []string
		forward bool
		active  float64
		want    float64 // multiply-adds
	}{
		{"forward", nil, true, 1, vggConvolutions + vggHeads + shallow + embed},
		{"training", nil, false, 1, 3*vggConvolutions - vggFirst + 3*vggHeads + 2*shallow + 3*embed},
		{"none active", nil, false, 0, vggConvolutions + vggHeads + shallow + embed},
		{"half active", nil, false, 0.5, vggConvolutions + vggHeads + shallow + embed + 0.5*(2*vggConvolutions-vggFirst+2*vggHeads+shallow+2*embed)},
		{"convolutions frozen", []string{"features"}, false, 1, 3*vggHeads - 102_760_448 + 2*shallow + 3*embed},
		{"all but embed", []string{"features", "classifier", "shallow4", "shallow8"}, false, 1, vggHeads + shallow + 2*embed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := vgg16(t, model.HeadFC, 24, c.freeze...).flops(c.forward, c.active)
			if !(math.Abs(got-2*c.want) <= 1e-9*c.want) {
				t.Errorf("%.6f GFLOP, want %.6f", got/1e9, 2*c.want/1e9)
			}
		})
	}
}

// TestNetworkShapes: the layers follow each other, and their parameters are the network's.
func TestNetworkShapes(t *testing.T) {
	for _, head := range []string{model.HeadFC, model.HeadGAP} {
		n := vgg16(t, head, 6)
		if len(n.features) != 13 || len(n.heads) != 2 || len(n.shallows) != 2 || n.side != 7 {
			t.Fatalf("%s: %d convolutions, %d heads, %d shallow paths, last map %d", head, len(n.features), len(n.heads), len(n.shallows), n.side)
		}
		side, channels, pools := 224, 3, 0
		for _, l := range n.features {
			if l.conv.Images != 6 || l.conv.Height != side || l.conv.In != channels {
				t.Errorf("%s %s is %+v, want a side of %d and %d channels", head, l.name, l.conv, side, channels)
			}
			channels = l.conv.Out
			if l.pool != nil {
				if *l.pool != (kernel.Pool{Images: 6, Height: side, Width: side, Channels: channels, Kernel: 2, Stride: 2}) {
					t.Errorf("%s %s: %+v", head, l.name, *l.pool)
				}
				side, pools = side/2, pools+1
			}
		}
		if pools != 5 {
			t.Errorf("%s: %d poolings", head, pools)
		}
		values := 0
		for _, l := range n.layers() {
			values += l.in*l.out + l.out
			if !l.dense {
				c := l.conv
				values += c.Out*c.In*c.Kernel*c.Kernel + c.Out
			}
		}
		if want := n.spec.Count(); values != want {
			t.Errorf("%s: the layers have %d parameters, the network %d", head, values, want)
		}
		flat := 0
		for _, l := range n.shallows {
			flat += l.pool.OutHeight() * l.pool.OutWidth() * l.conv.Out
		}
		if n.embed.in != n.heads[1].out+flat {
			t.Errorf("%s: embed has %d inputs, the paths give %d and %d", head, n.embed.in, n.heads[1].out, flat)
		}
	}
}

// TestRows runs every row once, for both heads and frozen parts: a wrong length panics. The passes are those of the step.
func TestRows(t *testing.T) {
	team := kernel.NewTeam(2)
	defer team.Close()
	for _, c := range []struct {
		head    string
		freeze  []string
		forward bool
		want    map[string]int // rows by pass
	}{
		{model.HeadFC, nil, false, map[string]int{forwardPool: 5, toData: 12 + 2 + 1, toWeights: 13 + 2 + 2 + 1, "unpool": 5 + 2}},
		{model.HeadGAP, nil, false, map[string]int{forwardPool: 5, toData: 15, toWeights: 18, "unpool": 7}},
		{model.HeadFC, []string{"features"}, false, map[string]int{forwardPool: 0, toData: 2, toWeights: 5, "unpool": 2}},
		{model.HeadFC, nil, true, map[string]int{forwardPool: 5}},
	} {
		spec := model.Spec{Size: 32, Width: 0.1, FCDim: 20, EmbedDim: 12, Head: c.head}
		frozen, err := spec.Frozen(c.freeze)
		if err != nil {
			t.Fatal(err)
		}
		n, err := newNetwork(spec, 6, frozen)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		sum := 0.0
		for _, r := range n.rows(team, c.forward) {
			r.run()
			got[r.pass]++
			sum += r.flops
		}
		for _, pass := range []string{forwardPool, toData, toWeights, "unpool"} {
			if got[pass] != c.want[pass] {
				t.Errorf("%s, frozen %v: %d rows %q, want %d", c.head, c.freeze, got[pass], pass, c.want[pass])
			}
		}
		if want := n.flops(c.forward, 1); !(math.Abs(sum-want) <= 1e-9*want) {
			t.Errorf("%s, frozen %v: the rows have %v FLOP, the step %v", c.head, c.freeze, sum, want)
		}
	}
}
