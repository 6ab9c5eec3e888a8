package configs

import (
	"reflect"
	"slices"
	"testing"
)

// Settings that change no result exist, and a run may go on with others.
func TestSameResult(t *testing.T) {
	c := Default()
	var same []string
	for _, o := range options(&c) {
		if !SameResult(o.key()) {
			continue
		}
		same = append(same, o.key())
		for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
			if reflect.ValueOf(&c).Elem().FieldByIndex(field.Index).Addr().Interface() == o.field && field.Tag.Get("resume") == "refused" {
				t.Errorf("%s may not change on resuming, so it changes the result", o.key())
			}
		}
	}
	want := []string{"workers", "cache", "cache_limit", "micro_batch", "memory", "threads", "save_every", "save_minutes", "keep", "log_every", "quiet"}
	if !slices.Equal(same, want) {
		t.Errorf("%v, want %v", same, want)
	}
}
