package configs

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scramble sets every field that YAML writes to a random value, also to ones that Validate refuses.
func scramble(r *rand.Rand, c *Config) {
	for _, o := range options(c) {
		switch f := o.field.(type) {
		case *string:
			*f = randomText(r)
		case *[]string:
			*f = nil
			for range r.IntN(3) {
				*f = append(*f, randomText(r))
			}
		case *bool:
			*f = r.IntN(2) == 0
		case *int:
			*f = int(r.Uint64()) >> r.IntN(64)
		case *Parts:
			*f = Parts(r.IntN(10) - 1)
		case *uint64:
			*f = r.Uint64() >> r.IntN(64)
		case *float64:
			*f = math.Float64frombits(r.Uint64())
			switch r.IntN(4) {
			case 0:
				*f = r.Float64()
			case 1:
				*f = float64(r.IntN(1e6)) / 1e4
			}
			if math.IsNaN(*f) {
				*f = math.Copysign(0, -1)
			}
		case *time.Duration:
			*f = time.Duration(r.Uint64()) >> r.IntN(64)
			if r.IntN(2) == 0 {
				*f = f.Truncate(time.Minute)
			}
		}
	}
	c.Resume, c.DryRun, c.PrintConfig = "", false, false // not written
}

func randomText(r *rand.Rand) string {
	awkward := []string{"", "true", "no", "null", "~", "12", "1e5", ".nan", "- a", "a: b", "# x", " lead", "trail ", "a\nb",
		"a\r\n", "\ttab", `"q"`, `it's`, `back\slash`, "[a, b]", "{a: 1}", "&a", "*a", "!x", "%x", "@x", "|", ">", "?", ":",
		"ü日本", "\U0001F45F", "\u2028", "\u0085", "\ufeffx", "\x00", "\x7f", "\uFFFD", "a,b", "---", "..."}
	if r.IntN(3) > 0 {
		return awkward[r.IntN(len(awkward))]
	}
	var b strings.Builder
	for range r.IntN(12) {
		switch r.IntN(3) {
		case 0:
			b.WriteByte(byte(r.IntN(128)))
		case 1:
			b.WriteByte(" \"'\\:#,[]{}&*!|>%@`-"[r.IntN(20)])
		default:
			if x := rune(r.IntN(0x110000)); x < 0xD800 || x > 0xDFFF {
				b.WriteRune(x)
			}
		}
	}
	return b.String()
}

func TestYAMLRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var want Config
		scramble(r, &want)
		text, err := want.YAML()
		if err != nil {
			t.Fatal(err)
		}
		got, err := FromYAML("written", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("read back other than written (-want +got):\n%s\n%s", diff, text)
		}
	}
}

func TestYAMLKeepsSpecialNumbers(t *testing.T) {
	c := Default()
	c.Gap, c.LR, c.ClipGrad, c.MaxBad = math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	got, err := FromYAML("written", text)
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(got.Gap) || !math.IsInf(got.LR, 1) || !math.IsInf(got.ClipGrad, -1) || !math.Signbit(got.MaxBad) {
		t.Errorf("got %v, %v, %v, %v", got.Gap, got.LR, got.ClipGrad, got.MaxBad)
	}
}

// A config that was written while printing or resuming does not print or resume when it is used.
func TestYAMLLeavesTheStartAway(t *testing.T) {
	c := Default()
	c.Resume, c.DryRun, c.PrintConfig = "auto", true, true
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	got, err := FromYAML("written", text)
	if err != nil {
		t.Fatal(err)
	}
	if got.Resume != "" || got.DryRun || got.PrintConfig {
		t.Errorf("the written config has resume %q, dry_run %v, print_config %v", got.Resume, got.DryRun, got.PrintConfig)
	}
}

func TestYAMLRefusesOtherEncodings(t *testing.T) {
	c := Default()
	c.Out = "runs/\xff"
	if _, err := c.YAML(); err == nil {
		t.Error("a path that is not UTF-8 was written")
	}
}

func TestFromYAMLAccepts(t *testing.T) {
	tests := []struct {
		name, text string
		want       func(c *Config)
	}{
		{"empty", "", func(*Config) {}},
		{"comments only", "# nothing\n", func(*Config) {}},
		{"CRLF and BOM", "\ufeffgap: 0.5\r\nbatch: 4\r\n", func(c *Config) { c.Gap, c.Batch = 0.5, 4 }},
		{"document marks", "---\ngap: 0.5\n...\n", func(c *Config) { c.Gap = 0.5 }},
		{"numbers as PyYAML writes them", "lr: 1e-05\nmax_bad: .5\ngap: 2\n", func(c *Config) { c.LR, c.MaxBad, c.Gap = 1e-5, 0.5, 2 }},
		{"plain text, number as text", "out: 2024\nimages: a b\n", func(c *Config) { c.Out, c.Images = "2024", "a b" }},
		{"list", "freeze: [features, 'classifier.*']\n", func(c *Config) { c.Freeze = []string{"features", "classifier.*"} }},
		{"list in lines", "freeze:\n  - features\n  - embed\n", func(c *Config) { c.Freeze = []string{"features", "embed"} }},
		{"list as text", "freeze: features, embed\n", func(c *Config) { c.Freeze = []string{"features", "embed"} }},
		{"empty list", "freeze: []\n", func(*Config) {}},
		{"flow", "{gap: 0.5, shuffle: false}", func(c *Config) { c.Gap, c.Shuffle = 0.5, false }},
		{"time", "max_time: 2h30m\n", func(c *Config) { c.MaxTime = 150 * time.Minute }},
		{"largest seed", "seed: 18446744073709551615\n", func(c *Config) { c.Seed = math.MaxUint64 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := Default()
			test.want(&want)
			got, err := FromYAML("c.yaml", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFromYAMLRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown key", "gap: 1\n\nwegiht_decay: 0\n", `c.yaml:3: unknown key "wegiht_decay"; did you mean weight_decay?`},
		{"unknown key, nothing near", "frobnicate: 0\n", `c.yaml:1: unknown key "frobnicate"; the keys are the flags of --help, with _ for -`},
		{"key of another program", "margin: 0.2\n", `c.yaml:1: unknown key "margin"; did you mean gap?`},
		{"flag's spelling", "weight-decay: 0\n", `c.yaml:1: unknown key "weight-decay"; did you mean weight_decay?`},
		{"text for a number", "# a\ngap: wide\n", `c.yaml:2: gap: is "wide", expected a number`},
		{"quoted number", "gap: '1.0'\n", `c.yaml:1: gap: is the text "1.0", expected a number without quotes`},
		{"fraction for a whole number", "batch: 2.5\n", `c.yaml:1: batch: is "2.5", expected a whole number`},
		{"whole number too large", "batch: 99999999999999999999\n", `c.yaml:1: batch: is 99999999999999999999, which is too large`},
		{"number too large", "lr: 1e999\n", `c.yaml:1: lr: is 1e999, which is too large`},
		{"negative seed", "seed: -1\n", `c.yaml:1: seed: is "-1", expected a whole number of at least 0`},
		{"hexadecimal", "batch: 0x10\n", `c.yaml:1: batch: is "0x10", expected a whole number`},
		{"yes", "shuffle: yes\n", `c.yaml:1: shuffle: is "yes", expected true or false`},
		{"true for a text", "cache: true\n", `c.yaml:1: cache: is true, expected text`},
		{"no value", "gap:\n", `c.yaml:1: gap: has no value, expected a number`},
		{"list for a number", "gap: [1, 2]\n", `c.yaml:1: gap: is a list, expected a number`},
		{"mapping for a number", "gap:\n  low: 1\n", `c.yaml:1: gap: has settings below it, expected a number`},
		{"number in a list of lists", "freeze: [[a]]\n", `c.yaml:1: freeze: an entry is a list, expected text`},
		{"time without a unit", "max_time: 30\n", `c.yaml:1: max_time: is "30", expected a time such as 2h30m`},
		{"anchor", "gap: &a 1\n", `c.yaml:1: gap: is not a plain value, expected a number`},
		{"merge", "<<: {gap: 1}\n", `c.yaml:1: unknown key "<<"; the keys are the flags of --help, with _ for -`},
		{"key twice", "gap: 1\nlr: 1\ngap: 2\n", `c.yaml:3: mapping key "gap" already defined at [1:1]`},
		{"not a mapping", "- gap\n", `c.yaml:1: is not a list of settings; write lines such as gap: 1.0`},
		{"a word", "gap 1.0\n", `c.yaml:1: is not a list of settings; write lines such as gap: 1.0`},
		{"two documents", "gap: 1\n---\ngap: 2\n", `c.yaml:3: a second YAML document begins; keep one document in a config`},
		{"syntax", "gap: 1\nlr: [1\n", `c.yaml:2: sequence end token ']' not found`},
		{"tab", "gap:\n\tlr: 1\n", "c.yaml:2: found character '\t' that cannot start any token"},
		{"binary", "\x89PNG\xff", `c.yaml: is not UTF-8; save it as UTF-8 text`},
		{"two problems", "gapp: 1\nbatch: x\n", "2 problems with the settings:\n" +
			`  c.yaml:1: unknown key "gapp"; did you mean gap?` + "\n" + `  c.yaml:2: batch: is "x", expected a whole number`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := FromYAML("c.yaml", []byte(test.text))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Error() != test.want {
				t.Errorf("got  %s\nwant %s", e, test.want)
			}
		})
	}
}

func FuzzFromYAML(f *testing.F) {
	for _, s := range []string{"gap: 1", "freeze: [a, b]", "? a\n: b", "a: &b *b", "{", "- 1", "!!map {a: b}", "gap: |\n x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := FromYAML("fuzz", b)
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T is no *Error: %v", err, err)
		}
		if err != nil {
			return
		}
		text, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := FromYAML("again", text); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	})
}
