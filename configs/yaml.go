package configs

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// YAML writes the settings by themes, so that FromYAML gives the same Config back exactly, but for
// resume, dry_run and print_config: they say how this start of the program was meant, and a later one
// with the written file as its --config shall not repeat them. YAML fails on a path that is not UTF-8,
// which YAML cannot hold.
func (c *Config) YAML() ([]byte, error) {
	var b strings.Builder
	theme := ""
	for _, o := range options(c) {
		if o.field == &c.Resume || o.field == &c.DryRun || o.field == &c.PrintConfig {
			continue
		}
		if o.theme != theme {
			if theme != "" {
				b.WriteByte('\n')
			}
			theme = o.theme
			b.WriteString("# " + theme + "\n")
		}
		text := formatValue(o.field)
		switch f := o.field.(type) {
		case *string:
			text = quote(*f)
		case *[]string:
			quoted := make([]string, len(*f))
			for i, s := range *f {
				quoted[i] = quote(s)
			}
			text = "[" + strings.Join(quoted, ", ") + "]"
		}
		if !utf8.ValidString(formatValue(o.field)) {
			return nil, refuse("--"+o.flag, fmt.Sprintf("is %q, which is not UTF-8", formatValue(o.field)),
				"give the file or folder another name")
		}
		b.WriteString(o.key() + ": " + text + "\n")
	}
	return []byte(b.String()), nil
}

// quote writes a YAML text in double quotes. Plain texts would be shorter, but some of them are numbers
// or booleans to one parser or another.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == utf8.RuneError || unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// FromYAML returns the defaults as changed by a YAML text. name is the file for messages. Unknown keys
// and wrong types are an *Error that names file, line and remedy; ranges are not checked (see Validate).
func FromYAML(name string, b []byte) (Config, error) {
	c := Default()
	_, err := applyYAML(&c, name, b)
	return c, err
}

// KnownFromYAML is FromYAML for the config of a run that perhaps another version of the program made: keys that are not known here
// are left out and returned.
func KnownFromYAML(name string, b []byte) (c Config, unknown []string, err error) {
	c = Default()
	_, err = applyKnown(&c, name, b, func(key string) { unknown = append(unknown, key) })
	return c, unknown, err
}

// applyYAML sets the fields of c that the text has and returns where each was set: key -> "shop.yaml:12".
// A text that is refused may leave c partly changed.
func applyYAML(c *Config, name string, b []byte) (origin map[string]string, err error) {
	return applyKnown(c, name, b, nil)
}

// applyKnown is applyYAML that tells unknown keys to unknown, where that is not nil.
func applyKnown(c *Config, name string, b []byte, unknown func(key string)) (origin map[string]string, err error) {
	if !utf8.Valid(b) {
		return nil, refuse(name, "is not UTF-8", "save it as UTF-8 text")
	}
	file, err := parser.ParseBytes([]byte(strings.TrimPrefix(string(b), "\ufeff")), 0)
	if err != nil {
		return nil, syntaxError(name, err)
	}
	root, err := rootMapping(name, file)
	if err != nil || root == nil {
		return nil, err
	}
	fields := make(map[string]option)
	var keys []string
	for _, o := range options(c) {
		fields[o.key()] = o
		keys = append(keys, o.key())
	}
	origin = make(map[string]string)
	var problems []Problem
	for _, pair := range root.Values {
		key := pair.Key.GetToken().Value
		where := fmt.Sprintf("%s:%d", name, pair.Key.GetToken().Position.Line)
		o, ok := fields[key]
		if !ok && unknown != nil {
			unknown(key)
			continue
		}
		if !ok {
			problems = append(problems, Problem{where, fmt.Sprintf("unknown key %q", key), suggestKey(key, keys)})
			continue
		}
		origin[key] = where
		if err := decode(o.field, pair.Value); err != nil {
			problems = append(problems, Problem{where + ": " + key, err.Error(), ""})
		}
	}
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	return origin, nil
}

func suggestKey(key string, keys []string) string {
	if near := suggest(strings.ReplaceAll(key, "-", "_"), keys); near != "" {
		return "did you mean " + near + "?"
	}
	return "the keys are the flags of --help, with _ for -"
}

// rootMapping returns the keys of the only document; nil for a text without any.
func rootMapping(name string, file *ast.File) (*ast.MappingNode, error) {
	var root *ast.MappingNode
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		line := doc.Body.GetToken().Position.Line
		where := fmt.Sprintf("%s:%d", name, line)
		m, ok := doc.Body.(*ast.MappingNode)
		switch {
		case !ok:
			return nil, refuse(where, "is not a list of settings", "write lines such as gap: 1.0")
		case root != nil:
			return nil, refuse(where, "a second YAML document begins", "keep one document in a config")
		}
		root = m
	}
	return root, nil
}

func syntaxError(name string, err error) error {
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil {
		return refuse(fmt.Sprintf("%s:%d", name, e.GetToken().Position.Line), e.GetMessage(), "")
	}
	return refuse(name, err.Error(), "")
}

// decode sets a field from a YAML value. Numbers are read from their text, not from goccy's idea of their
// type: it takes 1e-05 for a text.
func decode(field any, node ast.Node) error {
	if list, ok := field.(*[]string); ok {
		if seq, ok := node.(*ast.SequenceNode); ok {
			*list = nil
			for _, v := range seq.Values {
				var s string
				if err := decode(&s, v); err != nil {
					return fmt.Errorf("an entry %w", err)
				}
				*list = append(*list, s)
			}
			return nil
		}
	}
	expected := "expected " + kindOf(field)
	scalar, ok := node.(ast.ScalarNode)
	if !ok {
		switch node.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			return errors.New("has settings below it, " + expected)
		case *ast.SequenceNode:
			return errors.New("is a list, " + expected)
		}
		return errors.New("is not a plain value, " + expected)
	}
	tok := scalar.GetToken()
	_, isText := field.(*string)
	switch tok.Type {
	case token.NullType, token.ImplicitNullType:
		return errors.New("has no value, " + expected)
	case token.BoolType:
		if isText {
			return fmt.Errorf("is %s, %s", tok.Value, expected)
		}
	case token.SingleQuoteType, token.DoubleQuoteType:
		if !isText {
			return fmt.Errorf("is the text %q, %s without quotes", tok.Value, expected)
		}
	case token.LiteralType, token.FoldedType, token.AnchorType, token.AliasType, token.TagType:
		return errors.New("is not a plain value, " + expected)
	}
	return parseInto(field, tok.Value)
}
