package configs

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// change gives a field another value.
func change(field any) {
	switch f := field.(type) {
	case *string:
		*f += "x"
	case *[]string:
		*f = append(slices.Clone(*f), "x")
	case *bool:
		*f = !*f
	case *int:
		*f++
	case *Parts:
		*f++
	case *uint64:
		*f++
	case *float64:
		*f += 0.125
	case *time.Duration:
		*f++
	}
}

// Every key, one by one: which class its difference falls in.
func TestResumeDifferences(t *testing.T) {
	classes := map[string][]string{
		"refused": {"augment", "fit", "shuffle", "size", "width", "fc_dim", "embed_dim", "head", "dropout", "freeze",
			"gap", "optimizer", "batch", "seed", "limit", "best_by"},
		"allowed": {"triplets", "metadata", "images", "val_triplets", "val_metadata", "workers", "cache", "cache_limit", "max_bad", "init",
			"lr", "momentum", "nesterov", "weight_decay", "schedule", "step_every", "step_factor", "warmup", "clip_grad",
			"micro_batch", "memory", "epochs", "steps", "max_time", "patience", "threads", "exact", "save_every", "save_minutes", "keep",
			"eval_every", "log_every"},
		"unlisted": {"out", "resume", "dry_run", "print_config", "quiet"},
	}
	before := Default()
	before.ValTriplets = "v" // so that a best checkpoint is chosen
	tested := 0
	for class, keys := range classes {
		for _, key := range keys {
			now := before
			for _, o := range options(&now) {
				if o.key() == key {
					change(o.field)
					tested++
				}
			}
			refused, allowed := ResumeDifferences(&before, &now)
			wantRefused, wantAllowed := 0, 0
			switch class {
			case "refused":
				wantRefused = 1
			case "allowed":
				wantAllowed = 1
			}
			if len(refused) != wantRefused || len(allowed) != wantAllowed {
				t.Errorf("%s: got %v refused and %v allowed, want it %s", key, refused, allowed, class)
				continue
			}
			for _, d := range append(refused, allowed...) {
				if d.Key != key || d.Checkpoint == d.Now {
					t.Errorf("%s: got %v", key, d)
				}
			}
		}
	}
	if n := len(options(&before)); tested != n {
		t.Errorf("%d keys of %d have a case here", tested, n)
	}
}

func TestSameSettingsInOtherWords(t *testing.T) {
	a, b := Default(), Default()
	a.Augment, b.Augment = "flip,shift", "shift, flip"
	a.Freeze, b.Freeze = []string{"features", "embed"}, []string{"embed", "features", "embed"}
	refused, allowed := ResumeDifferences(&a, &b)
	if len(refused)+len(allowed) > 0 {
		t.Errorf("got %v and %v", refused, allowed)
	}
	a.Augment, b.Augment = "none", ""
	if refused, _ := ResumeDifferences(&a, &b); len(refused) > 0 {
		t.Errorf("got %v", refused)
	}
	if b.Augment != "" || len(b.Freeze) != 3 {
		t.Error("the configs were changed")
	}
}

func TestDifferenceReads(t *testing.T) {
	a, b := Default(), Default()
	a.Batch, b.Batch = 8, 16
	a.ValTriplets, b.ValTriplets = "", "val.tsv"
	refused, allowed := ResumeDifferences(&a, &b)
	if got, want := refused[0].String(), "batch: 8 in the checkpoint, 16 now"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := allowed[0].String(), "val_triplets: (empty) in the checkpoint, val.tsv now"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The default of best_by follows from what is measured on.
func TestResumeCriterion(t *testing.T) {
	for _, c := range []struct {
		checkpoint, now Config
		refused         string
	}{
		{Config{}, Config{ValTriplets: "v", ValMetadata: "m"}, ""},
		{Config{ValTriplets: "v"}, Config{ValTriplets: "v", BestBy: ByAccuracy}, ""},
		{Config{ValTriplets: "v"}, Config{}, ""},
		{Config{ValTriplets: "v"}, Config{ValMetadata: "m"}, "best_by: accuracy in the checkpoint, recall@1 now"},
		{Config{ValTriplets: "v"}, Config{ValTriplets: "v", BestBy: ByLoss}, "best_by: accuracy in the checkpoint, loss now"},
	} {
		refused, _ := ResumeDifferences(&c.checkpoint, &c.now)
		if got := fmt.Sprint(refused); c.refused == "" && len(refused) > 0 || c.refused != "" && got != "["+c.refused+"]" {
			t.Errorf("%+v: refused %v, want %q", c, refused, c.refused)
		}
	}
}
