package configs

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
)

// Widths of the help, in columns.
const (
	helpWidth  = 99
	helpIndent = 24
)

// writeHelp prints what the program does, its flags by theme, examples and exit codes.
func writeHelp(w io.Writer, program string) {
	var b strings.Builder
	fmt.Fprintf(&b, `Trains a visual-similarity model on CPUs: a deep-ranking network (VGG-16 and two shallow paths)
learns from triplets of pictures to put similar products near one another.

Usage: %s --triplets triplets.tsv --gap 1.0

Defaults are in brackets. Each flag is also a key of the YAML config (--weight-decay: weight_decay);
a flag overrides the config, the config overrides the default. --set sets a key by its name.
`, program)
	c := Default()
	table := options(&c)
	for _, theme := range themes {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(theme[:1])+theme[1:])
		if theme == "run" {
			writeFlag(&b, "config FILE", "YAML config or preset: "+strings.Join(Presets(), ", "), "vgg16")
			writeFlag(&b, "set KEY=VALUE", "set a key of the config, written as in the file; repeat it for several. For scripts: a key has one name in both", "")
		}
		for _, o := range table {
			if o.theme == theme {
				writeFlag(&b, strings.TrimSpace(o.flag+" "+o.value), o.help, shownDefault(o))
			}
		}
		if theme == "run" {
			writeFlag(&b, "version", "print the program's and Go's version and end", "")
			writeFlag(&b, "help", "print this and end", "")
		}
	}
	fmt.Fprintf(&b, `
Examples
  %[1]s --triplets shop/csv/triplets.csv --init vgg16.safetensors --val-triplets shop/csv/val.csv
  %[1]s --triplets triplets.tsv --config small --batch 32 --epochs 20 --out runs/small
  %[1]s --triplets triplets.tsv --config small --batch 32 --epochs 20 --out runs/small --resume auto
  %[1]s --triplets triplets.tsv --config small --set gap=0.5 --set weight_decay=0 --out runs/gap=0.5
  %[1]s --triplets triplets.tsv --dry-run
  %[1]s --config vgg16-gap --print-config > shop.yaml

Exit codes
  0 done    1 failed    2 flags or config    3 data refused
  130 and 143 stopped by a signal (SIGINT; SIGTERM or SIGUSR1), checkpoint saved
`, program)
	fmt.Fprint(w, b.String())
}

// shownDefault is what the help says of a flag that is not given.
func shownDefault(o option) string {
	text := formatValue(o.field)
	switch {
	case o.zero != "" && (text == "" || text == "0" || text == "0.0"):
		return o.zero
	case text == "" || text == "false":
		return ""
	case text == "true":
		return "on"
	}
	return text
}

// writeFlag prints a flag, its help and its default, wrapped.
func writeFlag(b *strings.Builder, flag, help, value string) {
	words := strings.Fields(help)
	if value != "" {
		words = append(words, "["+value+"]") // stays on one line
	}
	line := fmt.Sprintf("  --%-*s", helpIndent-4, flag)
	if len(line) > helpIndent {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		line = strings.Repeat(" ", helpIndent)
	}
	empty := true
	for _, word := range words {
		if !empty && len(line)+1+len(word) > helpWidth {
			b.WriteString(line + "\n")
			line, empty = strings.Repeat(" ", helpIndent), true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	b.WriteString(line + "\n")
}

// Version says which program this is: module version or commit, and Go's version.
func Version() string {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && len(s.Value) >= 12:
				version = s.Value[:12]
			case s.Key == "vcs.modified" && s.Value == "true":
				version += "+changes"
			}
		}
	}
	return version
}

func writeVersion(w io.Writer, program string) {
	fmt.Fprintf(w, "%s %s, %s %s/%s\n", program, Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
