//go:build peers

package preview

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// browser opens pages in the Chromium that DEEPRANK_CHROMIUM names, each time as if for the first time.
type browser struct{ path string }

func newBrowser(t *testing.T) browser {
	t.Helper()
	path := os.Getenv("DEEPRANK_CHROMIUM")
	if path == "" {
		t.Fatal("DEEPRANK_CHROMIUM names no browser; run make peers, or set it to the path of chromium")
	}
	return browser{path}
}

// dom gives the page's document as its script left it. What the page's console says is an error.
func (b browser) dom(t *testing.T, address string, more ...string) string {
	t.Helper()
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--user-data-dir=" + t.TempDir(), "--enable-logging=stderr", "--log-level=0", "--dump-dom",
	}, more...)
	cmd := exec.CommandContext(t.Context(), b.path, append(args, address)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", b.path, err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("%s: %s", address, line)
		}
	}
	return stdout.String()
}

// shownIn gives the numbers of the triplets that a document shows.
func shownIn(t *testing.T, dom string) (numbers []int) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?s)<li (data-kind=[^>]*)>\s*<h2>(\d+):`).FindAllStringSubmatch(dom, -1) {
		if !strings.HasSuffix(m[1], `hidden=""`) {
			n, err := strconv.Atoi(m[2])
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// TestInBrowser: the page filters by its address and by its fields, shows all its pictures, runs no foreign script, and is not wider than a
// telephone.
func TestInBrowser(t *testing.T) {
	b := newBrowser(t)
	m := shop()
	m.Category[4] = `<script>document.title="foreign"</script>`
	m.Gender[5] = "ÄRMEL"
	p := page(t, m, 1, triplets()...)
	p.Title = `A & "B"`
	var html bytes.Buffer
	if err := WriteHTML(&html, p); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return (&url.URL{Scheme: "file", Path: path}).String()
	}
	address := put("page.html", html.String())

	var kinds []string
	for _, tr := range triplets() {
		kinds = append(kinds, KindName(m.KindOf(tr)))
	}
	if len(slices.Compact(slices.Sorted(slices.Values(kinds)))) != 4 {
		t.Fatalf("kinds %v", kinds)
	}
	for hash, want := range map[string][]int{
		"": {1, 2, 3, 4}, "#kind=" + kinds[1]: {2}, "#kind=" + url.QueryEscape(kinds[0]): {1}, "#text=blue": {2}, "#text=BLUE+dress": {2},
		"#text=%C3%A4rmel": {3}, "#kind=" + kinds[0] + "&text=blue": nil, "#text=nowhere": nil, "#kind=unknown": {1, 2, 3, 4}, "#text=product": {1, 4},
	} {
		dom := b.dom(t, address+hash)
		if got := shownIn(t, dom); !slices.Equal(got, want) {
			t.Errorf("%q shows %v, want %v", hash, got, want)
		}
		if want := fmt.Sprintf("%d of 4 shown", len(want)); !strings.Contains(dom, want) {
			t.Errorf("%q: no %q", hash, want)
		}
		if !strings.Contains(dom, `<title>A &amp; "B"</title>`) {
			t.Errorf("%q: the title was changed", hash)
		}
	}

	// What a person does: choose a kind, type, clear. A script in a copy of the page does it and writes down what it sees.
	acting := strings.Replace(html.String(), "</body>", `<pre id="seen"></pre><script>
addEventListener("load", () => {
  const seen = [], field = (id) => document.getElementById(id);
  const look = () => seen.push([...document.querySelectorAll("#triplets > li")].filter((li) => li.checkVisibility()).map((li) => parseInt(li.innerText)).join(" ") + " " + location.hash);
  const set = (id, value) => { field(id).value = value; field(id).dispatchEvent(new Event("input", {bubbles: true})); look(); };
  set("kind", "`+kinds[1]+`");
  set("text", "red");
  set("kind", "");
  set("text", "blue");
  document.querySelector("button").click();
  setTimeout(() => {
    look();
    location.hash = "text=5.png";
    setTimeout(() => {
      look();
      const images = [...document.images].filter((i) => i.complete && i.naturalWidth === 40 && i.alt).length;
      const square = [...document.querySelectorAll("img, .bad")].every((e) => Math.abs(e.offsetWidth - e.offsetHeight) < 2);
      seen.push(images + " pictures, squares " + square + ", overflow " + (document.documentElement.scrollWidth - innerWidth));
      field("seen").textContent = seen.join("|");
    }, 50);
  }, 50);
});
</script></body>`, 1)
	actingAddress := put("acting.html", acting)
	for _, more := range [][]string{{"--window-size=1300,900"}, {"--window-size=500,900", "--blink-settings=preferredColorScheme=0"}} {
		dom := b.dom(t, actingAddress, append(more, "--virtual-time-budget=2000")...)
		_, seen, _ := strings.Cut(dom, `<pre id="seen">`)
		seen, _, _ = strings.Cut(seen, "</pre>")
		want := strings.Join([]string{
			"2 #kind=" + kinds[1], "2 #kind=" + kinds[1] + "&amp;text=red", "1 2 3 4 #text=red", "2 #text=blue", "1 2 3 4 ", "3 #text=5.png",
			"9 pictures, squares true, overflow 0",
		}, "|")
		if strings.HasSuffix(seen, "overflow -15") { // a scroll bar's width
			seen = strings.TrimSuffix(seen, "-15") + "0"
		}
		if seen != want {
			t.Errorf("%v: seen\n%s, want\n%s", more, seen, want)
		}
	}
}
