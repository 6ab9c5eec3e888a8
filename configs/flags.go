package configs

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// ErrVersion is what Parse returns after it printed what --version asks for.
var ErrVersion = errors.New("version printed")

// Parse reads a command line: the defaults, as changed by --config, as changed by --set and the other flags, and
// checked. A key that both --set and its flag give is refused. program is the name in the messages and the help. --help and --version print to out and return
// pflag.ErrHelp and ErrVersion, with which a program ends well. Every other error is an *Error.
func Parse(program string, args []string, out io.Writer) (*Config, error) {
	given, err := readFlags(program, args, out)
	if err != nil {
		return nil, err
	}
	c := Default()
	origin := make(map[string]string)
	if given.config != "" {
		name, text, err := readConfig(given.config)
		if err != nil {
			return nil, err
		}
		lines, err := applyYAML(&c, name, text)
		if err != nil {
			return nil, err
		}
		for key, line := range lines {
			origin[key] = line + ": " + key
		}
	}
	var problems []Problem
	for _, assignment := range given.set {
		key, err := applySet(&c, assignment)
		if err != nil {
			problems = append(problems, problemsOf(err)...)
			continue
		}
		origin[key] = "--set " + key
	}
	for _, o := range options(&c) {
		text, ok := given.values[o.flag]
		if !ok {
			continue
		}
		if before := origin[o.key()]; strings.HasPrefix(before, "--set ") {
			problems = append(problems, Problem{before, "is given by --" + o.flag + " too", "leave one of the two out"})
		}
		origin[o.key()] = "--" + o.flag
		if err := parseInto(o.field, text); err != nil {
			problems = append(problems, Problem{"--" + o.flag, err.Error(), ""})
		}
	}
	err = c.validate(func(key string) string {
		if where := origin[key]; where != "" {
			return where
		}
		return "--" + strings.ReplaceAll(key, "_", "-")
	})
	for _, p := range problemsOf(err) { // a flag that could not be read still has its old value
		if !slices.ContainsFunc(problems, func(q Problem) bool { return q.Where == p.Where }) {
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	return &c, nil
}

// given is a command line that is cut into flags, values not yet read.
type given struct {
	config string
	set    []string          // "key=value", in their order
	values map[string]string // by flag, without dashes
}

func readFlags(program string, args []string, out io.Writer) (*given, error) {
	g := &given{values: make(map[string]string)}
	fs := pflag.NewFlagSet(program, pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() { writeHelp(out, program) }
	var unused Config // pflag wants values; they are read later, on top of the config file
	names := []string{"config", "set", "version", "help"}
	for _, o := range options(&unused) {
		f := fs.VarPF(flagValue{o.field}, o.flag, "", o.help)
		if _, ok := o.field.(*bool); ok {
			f.NoOptDefVal = "true"
		}
		names = append(names, o.flag)
	}
	var configFlag, setFlag, version = "", "", false
	fs.VarPF(flagValue{&configFlag}, "config", "", "")
	fs.VarPF(flagValue{&setFlag}, "set", "", "")
	fs.VarPF(flagValue{&version}, "version", "", "").NoOptDefVal = "true"

	var problems []Problem
	err := fs.ParseAll(args, func(f *pflag.Flag, value string) error {
		if name, ok := strings.CutPrefix(value, "--"); ok && slices.Contains(names, name) {
			problems = append(problems, Problem{"--" + f.Name, "has no value; " + value + " follows", ""})
		}
		switch f.Name {
		case "version":
			version = value == "true"
		case "set":
			g.set = append(g.set, value)
		case "config":
			if g.config != "" {
				problems = append(problems, Problem{"--config", "is given twice", "give one file or preset, and flags for the rest"})
			}
			if value == "" {
				problems = append(problems, Problem{"--config", "is empty", presetHint(value)})
			}
			g.config = value
		default:
			_, isList := f.Value.(flagValue).field.(*[]string)
			if before, ok := g.values[f.Name]; ok && isList {
				value = before + "," + value
			}
			g.values[f.Name] = value
		}
		return nil
	})
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return nil, err
	case err != nil:
		problems = append(problems, flagProblem(err, names))
	case version:
		writeVersion(out, program)
		return nil, ErrVersion
	}
	if rest := fs.Args(); err == nil && len(rest) > 0 && len(problems) == 0 {
		problems = append(problems, positionalProblem(program, rest[0]))
	}
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	return g, nil
}

// flagProblem says in this package's words what pflag found.
func flagProblem(err error, names []string) Problem {
	var unknown *pflag.NotExistError
	var noValue *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		short := unknown.GetSpecifiedShortnames()
		word, _, _ := strings.Cut(short, "=")
		if near := suggestFlag(word, names); near != "" {
			return Problem{"-" + short, "unknown flag", "flags have two dashes: --" + near}
		}
		return Problem{"-" + short, "unknown flag", "see --help"}
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if near := suggestFlag(name, names); near != "" {
			return Problem{"--" + name, "unknown flag", "did you mean --" + near + "?"}
		}
		return Problem{"--" + name, "unknown flag", "see --help"}
	case errors.As(err, &noValue):
		return Problem{"--" + noValue.GetSpecifiedName(), "has no value", "write --" + noValue.GetSpecifiedName() + " VALUE"}
	}
	return Problem{"", err.Error(), "see --help"}
}

func suggestFlag(name string, names []string) string {
	key := strings.ReplaceAll(strings.ToLower(name), "-", "_")
	keys := make([]string, len(names))
	for i, n := range names {
		keys[i] = strings.ReplaceAll(n, "-", "_")
	}
	return strings.ReplaceAll(suggest(key, keys), "_", "-")
}

func positionalProblem(program, word string) Problem {
	switch strings.ToLower(word) {
	case "true", "false":
		return Problem{word, "stands without a flag", "write such values with =, as in --shuffle=" + strings.ToLower(word)}
	}
	return Problem{word, "stands without a flag",
		fmt.Sprintf("files are given by flags: %s --triplets %s", program, word)}
}

// flagValue lets pflag hold any field of the table.
type flagValue struct{ field any }

func (v flagValue) String() string {
	if v.field == nil {
		return ""
	}
	return formatValue(v.field)
}
func (v flagValue) Set(text string) error { return parseInto(v.field, text) }
func (v flagValue) Type() string          { return kindOf(v.field) }
