package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/embed"
	"deeprank/internal/progress"
	"deeprank/internal/vectors"
)

// networkOf opens the network that the embeddings are of: the one that is named, or the one that their folder names. Another one is refused: its distances to them mean nothing.
func networkOf(ctx context.Context, e *vectors.Folder, embeddings string, o trainedOptions, report *progress.Reporter) (*network, error) {
	t := o
	if t.checkpoint == "" && t.run == "" {
		if e.Info == nil {
			return nil, cli.Usagef("--checkpoint is missing: %s does not say which network its embeddings are of", embeddings)
		}
		t.checkpoint = e.Info.Checkpoint
	}
	if t.checkpoint == "" && e.Info != nil {
		t.checkpoint = e.Info.Checkpoint // of the run, but not necessarily its best
		moved := filepath.Join(t.run, "checkpoints", filepath.Base(t.checkpoint))
		if !isFile(t.checkpoint) && isFile(moved) { // with its run
			t.checkpoint = moved
		}
	}
	net, err := openTrained(ctx, &t, report)
	if err != nil {
		if o.checkpoint == "" && e.Info != nil && t.checkpoint == e.Info.Checkpoint {
			err = fmt.Errorf("%w (the path is from %s; --checkpoint names another one)", err, embeddings)
		}
		return nil, err
	}
	if e.Info != nil {
		sum, err := net.fingerprint()
		if err == nil && sum != e.Info.CheckpointSum {
			err = &data.Refused{
				Path: net.path, Reason: fmt.Sprintf("is not the checkpoint that the embeddings in %s were made with", embeddings),
				Remedy: "name that one with --checkpoint, or embed the pictures again",
			}
		}
		if err != nil {
			net.close()
			return nil, err
		}
	}
	if d := net.embedder.Dim(); d != e.Dim() {
		net.close()
		return nil, &data.Refused{Path: embeddings, Reason: fmt.Sprintf("holds embeddings of %d numbers; those of %s have %d", e.Dim(), net.path, d), Remedy: "name the checkpoint that they were made with"}
	}
	return net, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// embedPixels embeds one picture into v, as the pictures of e were. path is what messages call it.
func (n *network) embedPixels(e *vectors.Folder, pixels []byte, path string, v []float32) error {
	var by embed.Network = n.embedder
	if e.Info != nil && e.Info.Flip {
		by = embed.NewMirrored(by, n.cfg.Size)
	}
	if err := by.Embed(pixels, 1, v); err != nil {
		return err
	}
	if !finite(v) {
		return fmt.Errorf("the network %s gives no finite numbers for %s", n.path, path)
	}
	return nil
}
