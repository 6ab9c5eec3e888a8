package configs

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// snake writes a field's name as a YAML key: EmbedDim is embed_dim, FCDim is fc_dim.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			afterLower := unicode.IsLower(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Every field has one row in the table, under its own name, and a class for resuming.
func TestTableHasEveryField(t *testing.T) {
	var c Config
	v := reflect.ValueOf(&c).Elem()
	table := options(&c)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		var rows []option
		for _, o := range table {
			if o.field == v.Field(i).Addr().Interface() {
				rows = append(rows, o)
			}
		}
		if len(rows) != 1 {
			t.Errorf("%s is in %d rows of the table, want 1", field.Name, len(rows))
			continue
		}
		o := rows[0]
		if want := snake(field.Name); o.key() != want {
			t.Errorf("%s has the key %q, want %q", field.Name, o.key(), want)
		}
		if !slices.Contains(themes, o.theme) {
			t.Errorf("%s has the theme %q, which the help does not print", field.Name, o.theme)
		}
		if o.help == "" {
			t.Errorf("%s has no help", field.Name)
		}
		if _, isBool := o.field.(*bool); isBool != (o.value == "") {
			t.Errorf("%s: help shows the value %q", field.Name, o.value)
		}
		if class := field.Tag.Get("resume"); !slices.Contains([]string{"refused", "allowed", "unlisted"}, class) {
			t.Errorf("%s has the resume class %q", field.Name, class)
		}
	}
	if len(table) != v.NumField() {
		t.Errorf("the table has %d rows for %d fields", len(table), v.NumField())
	}
}

// The design's flags and their defaults.
func TestDefaultsAreTheDesigns(t *testing.T) {
	c := Default()
	got := make(map[string]string)
	for _, o := range options(&c) {
		got[o.flag] = formatValue(o.field)
	}
	want := map[string]string{
		"augment": "flip,shift", "fit": "stretch", "shuffle": "true", "max-bad": "0.01", "cache-limit": "20GiB",
		"size": "224", "width": "1.0", "fc-dim": "4096", "embed-dim": "4096", "head": "fc", "dropout": "0.4",
		"gap": "1.0", "optimizer": "sgd", "lr": "0.001", "momentum": "0.9", "nesterov": "false",
		"weight-decay": "0.0005", "schedule": "constant", "batch": "8", "epochs": "10", "seed": "1", "keep": "3",
	}
	for flag, value := range want {
		if got[flag] != value {
			t.Errorf("--%s defaults to %q, want %q", flag, got[flag], value)
		}
	}
}
