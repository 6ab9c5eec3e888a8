//go:build peers

package searchpage

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// acting does what a person does, and writes down what it sees. It comes from the same server, since the page runs no other scripts.
const acting = `"use strict";
{
  const field = (id) => document.getElementById(id), seen = [];
  const settled = async () => {
    for (let quiet = 0; quiet < 3;) {
      await new Promise((r) => setTimeout(r, 20));
      const pictures = [...document.images].filter((i) => !i.hidden && i.src).every((i) => i.complete);
      quiet = field("hits").ariaBusy === "true" || !pictures ? 0 : quiet + 1;
    }
  };
  const rows = () => [...document.querySelectorAll("#hits button")].map((b) => parseInt(b.title)).join(" ");
  const look = async (what) => {
    await settled();
    seen.push(what + ": " + (field("error").hidden ? rows() : "error " + field("error").textContent) + " " + decodeURIComponent(location.hash));
  };
  const choose = (id, value) => { field(id).value = value; field(id).dispatchEvent(new Event("change", {bubbles: true})); };
  const transfer = (...files) => { const t = new DataTransfer(); for (const f of files) t.items.add(f); return t; };
  const drop = (...files) => {
    for (const name of ["dragenter", "dragover", "drop"]) {
      const e = new DragEvent(name, {bubbles: true, cancelable: true, dataTransfer: transfer(...files)});
      field("drop").dispatchEvent(e);
      if (!e.defaultPrevented) seen.push(name + " is left to the browser");
      if (field("drop").classList.contains("over") !== (name !== "drop")) seen.push(name + " does not show");
    }
  };
  const act = async () => {
    await look("start");
    choose("top", "10");
    choose("category", "hat & cap");
    await look("filtered");
    choose("category", "");
    document.querySelectorAll("#hits button")[2].click();
    await look("picked");
    if (document.activeElement !== field("heading")) seen.push("the focus is lost");
    choose("color", "<b>bold</b>");
    await look("picked, filtered");
    history.back();
    await new Promise((r) => setTimeout(r, 100));
    await look("back");
    const png = new File([await (await fetch("test/17.png")).blob()], "<i>17</i>.png", {type: "image/png"});
    drop(png);
    await look("dropped");
    seen.push(field("what").textContent + " " + field("query").checkVisibility() + " " + field("query").naturalWidth);
    choose("category", "hat & cap");
    await look("dropped, filtered");
    choose("category", "");
    field("file").files = transfer(new File(["no picture"], "text.png", {type: "image/png"})).files;
    field("file").dispatchEvent(new Event("change", {bubbles: true}));
    await look("no picture");
    if (field("query").checkVisibility()) seen.push("a picture that is none is shown");
    drop(new File([new Uint8Array(3 << 20)], "big.png", {type: "image/png"}));
    await look("too big");
    drop();
    await look("nothing dropped");
    field("file").files = transfer(png).files;
    field("file").dispatchEvent(new Event("change", {bubbles: true}));
    await look("chosen");
    field("clear").click();
    await look("again");
    location.hash = "row=3&top=10&category=shoe";
    await new Promise((r) => setTimeout(r, 100));
    await look("address");
    location.hash = "category=&row=4&top=10";
    await new Promise((r) => setTimeout(r, 100));
    await look("unknown by address");
    choose("category", "");
    choose("category", [...field("category").options].find((o) => o.text.startsWith("unknown")).value);
    await look("unknown");
    location.hash = "row=999";
    await new Promise((r) => setTimeout(r, 100));
    await look("bad address");
    location.hash = "category=unheard&top=77";
    await new Promise((r) => setTimeout(r, 100));
    await look("bad filter");
    choose("top", "100");
    await settled();
    seen.push([...document.querySelectorAll("#hits img")].filter((i) => i.naturalWidth === 24).length + " pictures, " + document.querySelectorAll("#hits .bad").length + " bad");
    seen.push(document.querySelectorAll("#hits b, #what i").length + " foreign elements");
    const named = [...document.querySelectorAll("select, input")].every((e) => e.labels.length === 1);
    seen.push("labels " + named + ", overflow " + Math.max(0, document.documentElement.scrollWidth - innerWidth));
  };
  addEventListener("load", () => act().catch((e) => seen.push("failed: " + e)).then(() => {
    const pre = document.createElement("pre");
    pre.id = "seen";
    pre.textContent = seen.join("\n");
    document.body.append(pre);
  }));
}
`

// TestInBrowser: a person's ways through the page, in the Chromium that DEEPRANK_CHROMIUM names.
func TestInBrowser(t *testing.T) {
	chromium := os.Getenv("DEEPRANK_CHROMIUM")
	if chromium == "" {
		t.Fatal("DEEPRANK_CHROMIUM names no browser; run make peers, or set it to the path of chromium")
	}
	w := newWorld(t, nil)
	server := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			page := httptest.NewRecorder()
			w.ServeHTTP(page, r)
			for name, values := range page.Header() {
				to.Header()[name] = values
			}
			_, _ = to.Write(bytes.Replace(page.Body.Bytes(), []byte("</body>"), []byte(`<script src="test/acting.js"></script></body>`), 1))
		case "/test/acting.js":
			to.Header().Set("Content-Type", "text/javascript")
			_, _ = to.Write([]byte(acting))
		case "/test/17.png":
			to.Header().Set("Content-Type", "image/png")
			_, _ = to.Write(pngOf(t, hue(17), 40))
		default:
			w.ServeHTTP(to, r)
		}
	}))
	defer server.Close()

	m := table()
	list := func(rows []int) string { return strings.Trim(fmt.Sprint(rows), "[]") }
	near := func(query, top int, keep func(row int) bool) string {
		h := hue(query)
		return list(nearest(vectorOf(h.R, h.G, h.B), top, keep))
	}
	all := func(int) bool { return true }
	even := func(n int) string {
		var rows []int
		for i := range n {
			rows = append(rows, i*galleryRows/n)
		}
		return list(rows)
	}
	var hats []int
	for i := range 10 {
		hats = append(hats, i*20/10*3+1)
	}
	want := strings.Join([]string{
		"start: " + even(10) + " ",
		"filtered: " + list(hats) + " #category=hat+&+cap",
		"picked: " + near(13, 10, func(row int) bool { return row != 13 }) + " #row=13",
		"picked, filtered: " + near(13, 10, func(row int) bool { return row != 13 && m.Color[row] == "<b>bold</b>" }) + " #color=<b>bold</b>&row=13",
		"back: " + even(10) + " ",
		"dropped: " + near(17, 10, all) + " ",
		"Query: <i>17</i>.png true 40",
		"dropped, filtered: " + near(17, 10, func(row int) bool { return m.Category[row] == "hat & cap" }) + " #category=hat+&+cap",
		"no picture: error the file is not a picture that can be read; store it as JPEG, PNG, GIF, BMP, TIFF or WebP ",
		"too big: error The picture's file is too big: at most 1 MiB. ",
		"nothing dropped: error That is no file. Save the picture first, and drop its file. ",
		"chosen: " + near(17, 10, all) + " ",
		"again: " + even(10) + " ",
		"address: " + near(3, 10, func(row int) bool { return row != 3 && m.Category[row] == "shoe" }) + " #category=shoe&row=3",
		"unknown by address: " + near(4, 10, func(row int) bool { return row != 4 && m.Category[row] == "" }) + " #category=&row=4",
		"unknown: " + near(4, 10, func(row int) bool { return row != 4 && m.Category[row] == "" }) + " #category=&row=4",
		`bad address: error row is "999"; the gallery has rows from 0 to 59 #row=999`,
		"bad filter: " + even(10) + " ",
		"58 pictures, 2 bad",
		"0 foreign elements",
		"labels true, overflow 0",
	}, "\n")
	for _, more := range [][]string{{"--window-size=1300,900"}, {"--window-size=500,900", "--blink-settings=preferredColorScheme=0"}} {
		cmd := exec.CommandContext(t.Context(), chromium, append([]string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
			"--disable-sync", "--user-data-dir=" + t.TempDir(), "--enable-logging=stderr", "--log-level=0", "--dump-dom", "--virtual-time-budget=60000", server.URL,
		}, more...)...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		for line := range strings.Lines(stderr.String()) {
			// Chromium itself says there which requests were refused.
			if strings.Contains(line, "CONSOLE") && !strings.Contains(line, "the server responded with a status of 4") {
				t.Error(line)
			}
		}
		_, seen, _ := strings.Cut(stdout.String(), `<pre id="seen">`)
		seen, _, _ = strings.Cut(seen, "</pre>")
		seen = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(seen)
		if seen != want {
			t.Errorf("%v: seen\n%s\nwant\n%s", more, seen, want)
		}
	}
}
