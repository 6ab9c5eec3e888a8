package pagestyle

import (
	_ "embed" // base.css
	"html/template"
)

//go:embed base.css
var base string

// Style is the CSS that a page's own comes after.
func Style() template.CSS { return template.CSS(base) }

// Head begins a page that is one file: everything to the title. scripts says whether the page has one of its own; it can load nothing.
func Head(title string, scripts bool) template.HTML {
	policy := "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
	if scripts {
		policy += "; script-src 'unsafe-inline'"
	}
	return template.HTML(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="` + policy + `">
<meta name="color-scheme" content="light dark">
<title>` + template.HTMLEscapeString(title) + `</title>`)
}

// Functions are Style and Head for templates, as style and head.
func Functions() template.FuncMap { return template.FuncMap{"style": Style, "head": Head} }
