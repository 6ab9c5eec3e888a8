package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Difference is a setting that a checkpoint was made with and that is another now.
type Difference struct {
	Key             string // YAML key
	Checkpoint, Now string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %s in the checkpoint, %s now", d.Key, orEmpty(d.Checkpoint), orEmpty(d.Now))
}

func orEmpty(s string) string {
	if s == "" {
		return "(empty)"
	}
	return s
}

// ResumeDifferences compares the config in a checkpoint with the one of a run that is to go on from it,
// in the order of the table. With a refused difference the run would be another experiment: network,
// data, batch, objective, kind of optimiser, seed. Those in allowed change how far and how fast it goes
// and what it writes. Files are not compared by their content here; their paths may change.
func ResumeDifferences(checkpoint, now *Config) (refused, allowed []Difference) {
	a, b := *checkpoint, *now
	a.Augment, b.Augment = canonicalAugment(a.Augment), canonicalAugment(b.Augment)
	a.Freeze, b.Freeze = canonicalSet(a.Freeze), canonicalSet(b.Freeze)
	if a.BestBy, b.BestBy = a.Criterion(), b.Criterion(); a.BestBy == "" || b.BestBy == "" {
		b.BestBy = a.BestBy // one of them has no scores
	}
	classes := resumeClasses()
	old, new := options(&a), options(&b)
	for i, o := range old {
		d := Difference{o.key(), formatValue(o.field), formatValue(new[i].field)}
		if d.Checkpoint == d.Now {
			continue
		}
		switch classes[o.key()] {
		case "allowed":
			allowed = append(allowed, d)
		case "unlisted":
		default:
			refused = append(refused, d)
		}
	}
	return refused, allowed
}

// resumeClasses returns the `resume` tag of each key.
func resumeClasses() map[string]string {
	var c Config
	v := reflect.ValueOf(&c).Elem()
	classes := make(map[string]string)
	for _, o := range options(&c) {
		for i := range v.NumField() {
			if v.Field(i).Addr().Interface() == o.field {
				classes[o.key()] = v.Type().Field(i).Tag.Get("resume")
			}
		}
	}
	return classes
}

// canonicalAugment writes the same set of augmentations always in the same way.
func canonicalAugment(s string) string {
	list := canonicalSet(slices.DeleteFunc(splitList(s), func(kind string) bool { return kind == "none" }))
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ",")
}

func canonicalSet(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}
