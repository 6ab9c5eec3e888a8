package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/restore"
)

// place is how far a run has come: with the config, the weights and the optimiser's state it decides all that follows.
type place struct {
	step int           // updates done
	next data.Position // of the next triplet

	// what patience and "best" need
	hasBest   bool
	best      float64
	bestStep  int
	sinceBest int

	last last

	// pending is the record of the last step, as JSON, when the run was stopped before the evaluation that belongs to it.
	pending string
}

// last is what the end of a run tells, also one that goes on from its last step.
type last struct {
	Loss        *float64 `json:"loss"`         // of the last step; nil before the first
	ValAccuracy *float64 `json:"val_accuracy"` // of the last evaluation; nil before the first
	ValRecall1  *float64 `json:"val_recall_at_1,omitempty"`
}

const pendingKey = "pending_record"

// snapshot is the checkpoint of a place; it shares the memory of the weights and the optimiser's state.
func (n *network) snapshot(p *place, cfg *configs.Config, prints map[string]string) (*checkpoints.File, error) {
	yaml, err := cfg.YAML()
	if err != nil {
		return nil, err
	}
	f := &checkpoints.File{Metadata: map[string]string{}}
	for _, w := range n.weights.List {
		f.Tensors = append(f.Tensors, checkpoints.Tensor{Name: w.Name, Shape: w.Shape, Data: w.Data})
	}
	for _, slot := range n.opt.Slots() {
		for _, w := range n.siamese.Params() {
			if s := n.opt.State(slot, w.Name); s != nil {
				f.Tensors = append(f.Tensors, checkpoints.Tensor{Name: restore.OptimizerPrefix + slot + "." + w.Name, Shape: w.Shape, Data: s})
			}
		}
	}
	state := checkpoints.State{
		Step: p.step, Epoch: p.next.Epoch, Position: p.next.Index, Updates: n.opt.Count(), Seed: cfg.Seed,
		Config: string(yaml), Data: prints,
		HasBest: p.hasBest, BestScore: p.best, BestStep: p.bestStep, EvalsSinceBest: p.sinceBest,
		Program: configs.Version(), Kernel: n.team.Kernels(),
	}
	if state.Metrics, err = json.Marshal(p.last); err != nil {
		return nil, err
	}
	if p.pending != "" {
		state.Extra = map[string]string{pendingKey: p.pending}
	}
	return f, state.Encode(f.Metadata)
}

// restore sets the weights and the optimiser to a checkpoint and returns its place.
func (n *network) restore(f *checkpoints.File, s *checkpoints.State) (*place, error) {
	set := 0
	for _, t := range f.Tensors {
		if rest, ok := strings.CutPrefix(t.Name, restore.OptimizerPrefix); ok {
			slot, param, _ := strings.Cut(rest, ".")
			if slices.Contains(n.opt.Slots(), slot) {
				if err := n.opt.SetState(slot, param, t.Data); err != nil {
					return nil, err
				}
				set++
			}
		}
	}
	// None at all is a change of --momentum from 0; some is a file that lost the others.
	if want := len(n.opt.Slots()) * len(n.siamese.Params()); set > 0 && set < want {
		return nil, fmt.Errorf("it holds %d of the optimiser's %d tensors", set, want)
	}
	if err := restore.Checkpoint(n.weights, f); err != nil {
		return nil, err
	}
	n.opt.SetCount(s.Updates)
	var l last
	if len(s.Metrics) > 0 {
		if err := json.Unmarshal(s.Metrics, &l); err != nil {
			return nil, fmt.Errorf("its last metrics: %w", err)
		}
	}
	return &place{
		last: l,
		step: s.Step, next: data.Position{Epoch: s.Epoch, Index: s.Position},
		hasBest: s.HasBest, best: s.BestScore, bestStep: s.BestStep, sinceBest: s.EvalsSinceBest,
		pending: s.Extra[pendingKey],
	}, nil
}
