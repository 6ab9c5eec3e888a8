package pagestyle

import (
	"html/template"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	for _, scripts := range []bool{false, true} {
		page, err := template.New("page").Funcs(Functions()).Parse("{{head .Title .Scripts}}\n<style>\n{{style}}</style>\n")
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := page.Execute(&b, map[string]any{"Title": "a < b & </title>", "Scripts": scripts}); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, want := range []string{"<title>a &lt; b &amp; &lt;/title&gt;</title>", "default-src 'none'", "prefers-color-scheme: dark) {", "* { box-sizing: border-box; }"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page lacks %s:\n%s", want, text)
			}
		}
		if strings.Contains(text, "script-src") != scripts {
			t.Errorf("scripts %t:\n%s", scripts, text)
		}
	}
}
