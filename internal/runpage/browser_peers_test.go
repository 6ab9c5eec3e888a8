//go:build peers

package runpage

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// looking writes down what a browser makes of the page. The page itself has no script, and its policy forbids any, so that a frame of the same
// folder is looked at from outside.
const looking = `<!DOCTYPE html><iframe id="page" style="width:360px;height:800px" src="page.html"></iframe><pre id="seen"></pre><script>
addEventListener("load", () => {
  const w = document.getElementById("page").contentWindow, d = w.document, all = [...d.images];
  const lines = [...d.querySelectorAll("polyline")].map((e) => w.getComputedStyle(e).stroke + " " + w.getComputedStyle(e).fill);
  const text = w.getComputedStyle(d.body), svg = w.getComputedStyle(d.querySelector("svg .t1"));
  document.getElementById("seen").textContent = [d.title, all.filter((i) => i.complete && i.naturalWidth === 16 && i.alt).length + " pictures",
    "overflow " + (d.documentElement.scrollWidth - w.innerWidth > 0), "scripts " + d.scripts.length, lines[0], text.backgroundColor, svg.fill, d.querySelector("svg").getBoundingClientRect().width <= 360].join("; ");
});
</script>`

// TestInBrowser: the page shows its pictures and curves, in light and dark, runs no foreign script, and is not wider than a telephone. The
// Chromium is the one that DEEPRANK_CHROMIUM names.
func TestInBrowser(t *testing.T) {
	browser := os.Getenv("DEEPRANK_CHROMIUM")
	if browser == "" {
		t.Fatal("DEEPRANK_CHROMIUM names no browser; run make peers, or set it to the path of chromium")
	}
	dir := t.TempDir()
	var page bytes.Buffer
	if err := Write(&page, somePage()); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"page.html": page.String(), "look.html": looking} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	address := (&url.URL{Scheme: "file", Path: filepath.Join(dir, "look.html")}).String()
	for scheme, want := range map[string]string{
		"1": `Run A & </style><script>document.title="foreign"</script>; 8 pictures; overflow false; scripts 0; rgb(0, 114, 178) none; rgb(255, 255, 255); rgb(85, 85, 85); true`,
		"0": `Run A & </style><script>document.title="foreign"</script>; 8 pictures; overflow false; scripts 0; rgb(86, 180, 233) none; rgb(22, 24, 26); rgb(176, 180, 184); true`,
	} {
		cmd := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--log-level=0", "--allow-file-access-from-files",
			"--blink-settings=preferredColorScheme="+scheme, "--dump-dom", address)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", browser, err, stderr.String())
		}
		for line := range strings.Lines(stderr.String()) {
			if strings.Contains(line, "CONSOLE") {
				t.Error(line)
			}
		}
		m := regexp.MustCompile(`(?s)<pre id="seen">(.*?)</pre>`).FindStringSubmatch(stdout.String())
		if m == nil {
			t.Fatal(stdout.String())
		}
		if got := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(m[1]); got != want {
			t.Errorf("scheme %s:\n%s\nwant\n%s", scheme, got, want)
		}
	}
}
