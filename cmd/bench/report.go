package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"deeprank/configs"
	"deeprank/internal/kernel"
)

// report is the JSON object. Times are in milliseconds for one image unless they say otherwise.
type report struct {
	Limit         float64    `json:"limit_gflops"` // of all threads
	MS            float64    `json:"ms_per_image"` // of the fastest step
	Median        float64    `json:"ms_per_image_median"`
	ImagesPerS    float64    `json:"images_per_s"` // of the fastest step
	GFLOPS        float64    `json:"effective_gflops"`
	OverLimit     float64    `json:"effective_over_limit"`
	Wait          float64    `json:"wait_share"` // of the steps' time
	Peak          int64      `json:"peak_rss_bytes"`
	Layers        []measured `json:"layers"`
	Heads         float64    `json:"heads_ms,omitempty"` // of Layers: the products of what is not features, and the optimiser's update
	Threads       int        `json:"threads"`
	Kernels       string     `json:"kernels"`
	CPU           string     `json:"cpu"`
	CPUs          int        `json:"cpus"`
	Batch         int        `json:"batch"` // triplets
	MicroBatch    int        `json:"micro_batch"`
	Size          int        `json:"size"`
	Width         float64    `json:"width"`
	Head          string     `json:"head"`
	FCDim         int        `json:"fc_dim"`
	EmbedDim      int        `json:"embed_dim"`
	Parameters    int        `json:"parameters"`
	Active        float64    `json:"active"` // the share that the steps had
	Forward       bool       `json:"forward"`
	Freeze        []string   `json:"freeze"`
	Optimizer     string     `json:"optimizer"`
	Steps         int        `json:"steps"`
	GFLOPPerImage float64    `json:"gflop_per_image"`
	Version       string     `json:"version"`
	Go            string     `json:"go"`
}

func newReport(o *options, team *kernel.Team) *report {
	r := &report{
		Threads: team.Threads(), Kernels: team.Kernels(), CPU: cpuName(), CPUs: runtime.NumCPU(),
		Batch: o.batch, MicroBatch: o.microBatch, Size: o.spec.Size, Width: o.spec.Width, Head: o.spec.Head,
		FCDim: o.spec.FCDim, EmbedDim: o.spec.EmbedDim, Parameters: o.spec.Count(), Forward: o.forward, Freeze: o.freeze, Optimizer: o.optimizer,
		Steps: o.steps, Version: configs.Version(), Go: runtime.Version(), Layers: []measured{},
	}
	if o.forward {
		r.Optimizer = ""
	}
	if r.Freeze == nil {
		r.Freeze = []string{}
	}
	return r
}

// step takes over what the steps gave.
func (r *report) step(o *options, n *network, t timings, peak int64) {
	r.MS, r.Median = 1e3*t.best(), 1e3*t.median()
	r.ImagesPerS = 1 / t.best()
	r.Active = t.active
	r.GFLOPPerImage = n.flops(o.forward, t.active) / 1e9
	r.GFLOPS = r.GFLOPPerImage / t.best()
	r.OverLimit = r.GFLOPS / r.Limit
	r.Wait = t.waited / t.whole
	r.Peak = peak
}

// norm is the pass that is listed, but no part of a step.
const norm = "norm, apart"

// updates are the rows that only a step with all parameters can measure. The gradients' norm is no part of bench's step; train
// computes it in each.
func (r *report) updates(t timings) []measured {
	if r.Forward {
		return nil
	}
	images := float64(3 * r.Batch)
	return []measured{
		{Name: "gradients", Pass: norm, MS: 1e3 * t.norm / images},
		{Name: "optimiser", Pass: "update", Shape: r.Optimizer, MS: 1e3 * t.update / images},
	}
}

func (r *report) writeHead(w io.Writer, kept bool) {
	fmt.Fprintf(w, "machine  %s, %s; %s, kernels %s\n", r.CPU, plural(r.CPUs, "CPU"), plural(r.Threads, "thread"), r.Kernels)
	r.writeLimit(w)
	what := "training, " + r.Optimizer
	if r.Forward {
		what = "embedding only"
	}
	if len(r.Freeze) > 0 {
		what += ", frozen " + strings.Join(r.Freeze, " ")
	}
	if kept {
		what += " (read from a disk)"
	}
	parts := ""
	if r.MicroBatch < r.Batch {
		parts = fmt.Sprintf(" in parts of %d", r.MicroBatch)
	}
	fmt.Fprintf(w, "network  VGG-16 and two shallow paths, width %v, %d x %d, head %s; %s%s (%d images); %s\n",
		r.Width, r.Size, r.Size, r.Head, plural(r.Batch, "triplet"), parts, 3*r.Batch, what)
}

func (r *report) writeLimit(w io.Writer) {
	fmt.Fprintf(w, "limit    %.1f GFLOP/s: multiply-adds in registers, all threads\n", r.Limit)
}

func (r *report) writeLayerHead(w io.Writer) {
	fmt.Fprintf(w, "\n%-13s %-17s %-17s %-8s %9s %9s %9s\n", "layer", "pass", "shape", "how", "ms/image", "GFLOP/s", "of limit")
}

func writeLayer(w io.Writer, m measured) {
	rate := ""
	if m.GFLOPS > 0 {
		rate = fmt.Sprintf(" %9.1f %9s", m.GFLOPS, percent(m.Share))
	}
	fmt.Fprintf(w, "%-13s %-17s %-17s %-8s %9.3f%s\n", m.Name, m.Pass, m.Shape, m.How, m.MS, rate)
}

// heads adds up the products of what is not features, and the optimiser's update.
func heads(layers []measured) (ms float64) {
	for _, m := range layers {
		if m.GFLOPS > 0 && !strings.HasPrefix(m.Name, "features.") || m.Name == "optimiser" {
			ms += m.MS
		}
	}
	return ms
}

// writeLayerSums adds the layers up by kind and says how much of the step they are.
func (r *report) writeLayerSums(w io.Writer) {
	type sum struct {
		name      string
		ms, flops float64
	}
	sums := []sum{{name: "convolutions, forward"}, {name: "convolutions, to data"}, {name: "convolutions, to weights"}, {name: "dense layers"}, {name: "all else"}}
	whole := sum{name: "all layers"}
	for _, m := range r.Layers {
		if m.Pass == norm {
			continue
		}
		k := 4
		if m.GFLOPS > 0 {
			switch {
			case !strings.HasPrefix(m.Name, "features.") && !strings.HasPrefix(m.Name, "shallow"):
				k = 3
			case m.Pass == toData:
				k = 1
			case m.Pass == toWeights:
				k = 2
			default:
				k = 0
			}
		}
		for _, s := range []*sum{&sums[k], &whole} {
			s.ms += m.MS
			s.flops += m.GFLOPS * m.MS
		}
	}
	fmt.Fprintln(w)
	for _, s := range append(sums, whole) {
		if s.ms == 0 {
			continue
		}
		rate := ""
		if s.flops > 0 {
			rate = fmt.Sprintf(" %9.1f %9s", s.flops/s.ms, percent(s.flops/s.ms/r.Limit))
		}
		fmt.Fprintf(w, "%-58s %9.3f%s\n", s.name, s.ms, rate)
	}
}

func (r *report) writeStep(w io.Writer) {
	name := "step"
	if r.Forward {
		name = "forward"
	}
	fmt.Fprintf(w, "\n%-58s %9.3f %9.1f %9s   best of %d; median %.3f ms\n", name, r.MS, r.GFLOPS, percent(r.OverLimit), r.Steps, r.Median)
	fmt.Fprintf(w, "%.2f images/s", r.ImagesPerS)
	if !r.Forward {
		fmt.Fprintf(w, ", %.1f %% of the triplets active", 100*r.Active)
	}
	fmt.Fprintf(w, ", waiting for pictures %.1f %% of the time", 100*r.Wait)
	if r.Peak > 0 {
		fmt.Fprintf(w, ", peak memory %.2f GiB", float64(r.Peak)/(1<<30))
	}
	fmt.Fprintln(w)
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
