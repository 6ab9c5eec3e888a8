// Gorgonia times VGG-16's thirteen convolutions, with their ReLUs and poolings, in stock gorgonia: its own operations on its
// tape machine, as its examples use them. There is no bias (a convolution has none there), no dense layer, no shallow path,
// and no update; so it does less than a step of the network.
//
//	go run . -images 1 -size 224 [-infer]
//
// It prints one line of JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func main() {
	images := flag.Int("images", 1, "pictures at a time")
	size := flag.Int("size", 224, "height and width")
	width := flag.Float64("width", 1, "scales the channels")
	steps := flag.Int("steps", 1, "steps that are timed, after one that is not")
	infer := flag.Bool("infer", false, "forward only")
	flag.Parse()
	if err := run(*images, *size, *steps, *width, *infer); err != nil {
		log.Fatal(err)
	}
}

func run(images, size, steps int, width float64, infer bool) error {
	g := gorgonia.NewGraph()
	x := gorgonia.NewTensor(g, tensor.Float32, 4, gorgonia.WithShape(images, 3, size, size), gorgonia.WithName("images"),
		gorgonia.WithInit(gorgonia.Gaussian(0, 1)))
	var filters gorgonia.Nodes
	in, y := 3, x
	var err error
	for i, c := range []int{64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0} {
		if c == 0 {
			if y, err = gorgonia.MaxPool2D(y, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}); err != nil {
				return fmt.Errorf("pooling %d: %w", i, err)
			}
			continue
		}
		out := max(1, int(math.Round(float64(c)*width)))
		w := gorgonia.NewTensor(g, tensor.Float32, 4, gorgonia.WithShape(out, in, 3, 3), gorgonia.WithName(fmt.Sprint("filter", i)),
			gorgonia.WithInit(gorgonia.Gaussian(0, math.Sqrt(2/float64(9*in)))))
		if y, err = gorgonia.Conv2d(y, w, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}); err != nil {
			return fmt.Errorf("convolution %d: %w", i, err)
		}
		if y, err = gorgonia.Rectify(y); err != nil {
			return fmt.Errorf("ReLU %d: %w", i, err)
		}
		in, filters = out, append(filters, w)
	}
	loss, err := gorgonia.Mean(y)
	if err != nil {
		return err
	}
	options := []gorgonia.VMOpt{}
	if !infer {
		if _, err := gorgonia.Grad(loss, filters...); err != nil {
			return err
		}
		options = append(options, gorgonia.BindDualValues(filters...))
	}
	machine := gorgonia.NewTapeMachine(g, options...)
	defer func() { _ = machine.Close() }()
	best := math.Inf(1)
	for i := range steps + 1 {
		begin := time.Now()
		if err := machine.RunAll(); err != nil {
			return err
		}
		if took := time.Since(begin).Seconds(); i > 0 {
			best = min(best, took)
		}
		machine.Reset()
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"gorgonia": version(), "go": runtime.Version(), "images": images, "size": size, "width": width, "infer": infer,
		"seconds_per_step": best, "ms_per_image": 1e3 * best / float64(images), "max_rss_gib": peak(),
	})
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "gorgonia.org/gorgonia" {
				return strings.TrimPrefix(d.Version, "v")
			}
		}
	}
	return "unknown"
}

// peak is the largest resident memory in GiB, 0 where the system does not tell.
func peak() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kib / (1 << 20)
		}
	}
	return 0
}
