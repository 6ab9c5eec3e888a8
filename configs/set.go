package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// applySet sets one field of c from "key=value", as if the line "key: value" stood in a config file: the same names,
// types and quotes. key is returned for messages.
func applySet(c *Config, assignment string) (key string, _ error) {
	key, value, ok := strings.Cut(assignment, "=")
	key = strings.TrimSpace(key)
	if !ok || key == "" {
		return "", refuse("--set", fmt.Sprintf("is %q", assignment), "write --set KEY=VALUE, as in --set gap=0.5")
	}
	where := "--set " + key
	table := options(c)
	at := slices.IndexFunc(table, func(o option) bool { return o.key() == key })
	if at < 0 {
		keys := make([]string, len(table))
		for i, o := range table {
			keys[i] = o.key()
		}
		return "", refuse(where, "unknown key", suggestKeys(key, keys))
	}
	node, problem := parseValue(key, value)
	if problem != "" {
		return "", refuse(where, problem, "a config file takes one value after the key; put quotes around special signs: --set '"+key+`="..."'`)
	}
	if err := decode(table[at].field, node); err != nil {
		return "", refuse(where, err.Error(), "")
	}
	return key, nil
}

// parseValue reads a value as YAML does after a key; problem says why that is not possible.
func parseValue(key, value string) (_ ast.Node, problem string) {
	if !utf8.ValidString(value) {
		return nil, fmt.Sprintf("is %q, which is not UTF-8", value)
	}
	file, err := parser.ParseBytes([]byte(key+": "+value), parser.ParseComments)
	if err != nil {
		return nil, fmt.Sprintf("is %q, which YAML cannot read", value)
	}
	root, err := rootMapping("--set", file)
	if err != nil || root == nil || len(root.Values) != 1 {
		return nil, fmt.Sprintf("is %q, which is more than a value", value)
	}
	if root.GetComment() != nil || root.Values[0].GetComment() != nil || root.Values[0].Value.GetComment() != nil {
		return nil, fmt.Sprintf("is %q, of which YAML takes what begins with # for a comment", value)
	}
	return root.Values[0].Value, ""
}

// suggestKeys names up to three keys that were perhaps meant.
func suggestKeys(word string, keys []string) string {
	word = strings.ReplaceAll(strings.ToLower(word), "-", "_")
	var near []string
	if s := suggest(word, keys); s != "" {
		near = append(near, s)
	}
	rest := slices.DeleteFunc(slices.Clone(keys), func(k string) bool {
		part := len(word) >= 3 && strings.Contains(k, word)
		return !part && distance(word, k) > len(word)/3
	})
	slices.SortStableFunc(rest, func(a, b string) int { return cmp.Compare(distance(word, a), distance(word, b)) })
	for _, k := range rest {
		if !slices.Contains(near, k) {
			near = append(near, k)
		}
	}
	switch near = near[:min(3, len(near))]; len(near) {
	case 0:
		return suggestKey(word, nil)
	case 1:
		return "did you mean " + near[0] + "?"
	}
	last := len(near) - 1
	return "did you mean " + strings.Join(near[:last], ", ") + " or " + near[last] + "?"
}
