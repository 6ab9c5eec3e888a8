"use strict";
{
  const field = (id) => document.getElementById(id);
  const category = field("category"), color = field("color"), top = field("top");
  const number = (n) => n.toLocaleString("en-GB");
  const unknown = "\0"; // the choice of pictures without a category or colour; no name holds this character
  let info = null;
  let file = null; // the query: a file, or else
  let row = null; // a row of the gallery, or else none
  let shown = ""; // address of the file's picture in this page
  let running = null; // the request that is under way

  // ask gives the server's answer, or fails with a text for people.
  const ask = async (path, options) => {
    let response;
    try {
      response = await fetch(path, options);
    } catch (e) {
      if (e.name === "AbortError") throw e;
      throw new Error("The server does not answer. Is it still running?");
    }
    let body = null;
    try {
      body = await response.json();
    } catch (e) {
      if (e.name === "AbortError") throw e;
    }
    if (!response.ok) throw new Error(body?.error ?? "The server refused: " + response.status);
    if (body === null) throw new Error("The server's answer cannot be read.");
    return body;
  };

  const tell = (text) => {
    field("error").textContent = text;
    field("error").hidden = !text;
  };

  const make = (name, text, ...classes) => {
    const e = document.createElement(name);
    e.textContent = text;
    e.classList.add(...classes);
    return e;
  };

  const describe = (p) => [p.color, p.category].filter(Boolean).join(" ") || "unknown";

  // card is one picture, a button that searches for what is near to it.
  const card = (p, product) => {
    const li = document.createElement("li");
    const button = make("button", "");
    button.type = "button";
    const img = document.createElement("img");
    img.alt = "";
    img.width = img.height = 224;
    img.addEventListener("error", () => img.replaceWith(make("span", "the picture cannot be shown", "bad")));
    img.src = "picture/" + p.row;
    const text = make("span", "", "text");
    if (p.rank) text.append(make("span", p.rank + ". distance " + p.distance.toFixed(4), "distance"));
    text.append(make("span", "category: " + (p.category || "unknown")), make("span", "colour: " + (p.color || "unknown")));
    if (p.id) text.append(make("span", "product " + p.id, "soft"));
    if (product && p.id === product) text.append(make("span", "same product", "same"));
    button.append(img, text);
    button.title = p.name ?? "";
    button.addEventListener("click", () => {
      history.pushState(null, "", "#row=" + p.row); // so that Back leads here
      pick(p.row);
      field("heading").focus({ preventScroll: true }); // the button goes
      scrollTo({ top: 0 });
    });
    li.append(button);
    return li;
  };

  const query = () => {
    const q = new URLSearchParams();
    for (const e of [category, color]) if (e.value) q.set(e.id, e.value === unknown ? "" : e.value);
    q.set("top", top.value);
    return q;
  };

  // run asks for what the fields say, and shows it.
  const run = async () => {
    running?.abort();
    const mine = (running = new AbortController());
    const q = query();
    field("hits").classList.add("old");
    field("hits").setAttribute("aria-busy", "true");
    field("status").textContent = "Searching ...";
    try {
      let answer, list, product = "";
      if (file) {
        answer = await ask("api/search?" + q, { method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" }, signal: mine.signal });
      } else if (row !== null) {
        q.set("row", row);
        answer = await ask("api/search?" + q, { signal: mine.signal });
        product = answer.query.id ?? "";
        field("what").textContent = "Query: picture " + row + " of the gallery, " + describe(answer.query) + (product ? ", product " + product : "");
      } else {
        answer = await ask("api/pictures?" + q, { signal: mine.signal });
      }
      if (mine !== running) return;
      list = answer.hits ?? answer.pictures;
      tell("");
      field("heading").textContent = answer.hits ? "Nearest pictures" : "Pictures of the gallery";
      const of = number(list.length) + " of " + number(answer.matching) + (category.value || color.value ? " pictures that match the filter." : " pictures.");
      field("status").textContent = list.length === 0 ? "No other picture has this category and colour." : answer.hits ? "The nearest " + of : of + " Pick one to see what is near to it.";
      field("hits").replaceChildren(...list.map((p) => card(p, product)));
    } catch (e) {
      if (mine !== running || e.name === "AbortError") return;
      tell(e.message);
      field("status").textContent = "";
      field("hits").replaceChildren();
    }
    field("hits").classList.remove("old");
    field("hits").removeAttribute("aria-busy");
  };

  // show puts the query's picture on the page.
  const show = (address, alt) => {
    if (shown) URL.revokeObjectURL(shown);
    shown = address.startsWith("blob:") ? address : "";
    const img = field("query");
    img.hidden = !address;
    img.alt = alt;
    if (address) img.src = address;
    else img.removeAttribute("src");
    field("clear").hidden = row === null && !file;
  };
  field("query").addEventListener("error", () => { field("query").hidden = true; }); // a TIFF, which browsers cannot show

  // The address holds all but a file: #row=7&category=shoe&color=Black&top=20
  const write = () => {
    const q = query();
    if (row !== null) q.set("row", row);
    if (top.value === String(info.top)) q.delete("top");
    const hash = q.toString();
    history.replaceState(null, "", hash ? "#" + hash : location.pathname);
  };

  const start = () => {
    file = row = null;
    field("file").value = "";
    field("what").textContent = "Drop a picture here, or choose a file, or pick one of the gallery's pictures below.";
    show("", "");
    write();
    return run();
  };

  const pick = (r) => {
    file = null;
    field("file").value = "";
    row = r;
    field("what").textContent = "Query: picture " + r + " of the gallery";
    show("picture/" + r, "the query");
    write();
    return run();
  };

  const take = (f) => {
    if (!f || !info) return;
    if (f.size > info.max_upload) {
      tell("The picture's file is too big: at most " + number(Math.floor(info.max_upload / 1048576)) + " MiB.");
      return;
    }
    file = f;
    row = null;
    field("what").textContent = "Query: " + f.name;
    show(URL.createObjectURL(f), "the query");
    write();
    return run();
  };

  const read = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const e of [category, color]) {
      e.value = state.has(e.id) ? state.get(e.id) || unknown : "";
      if (e.selectedIndex < 0) e.value = "";
    }
    top.value = state.get("top") ?? info.top;
    if (top.selectedIndex < 0) top.value = info.top;
    if (/^\d+$/.test(state.get("row") ?? "")) return pick(Number(state.get("row")));
    return start();
  };

  const fill = (select, values) => {
    for (const v of [...values.filter((v) => v.name), ...values.filter((v) => !v.name)]) {
      const o = make("option", (v.name || "unknown") + " (" + number(v.pictures) + ")");
      o.value = v.name || unknown;
      select.append(o);
    }
  };

  field("file").addEventListener("change", () => take(field("file").files[0]));
  field("clear").addEventListener("click", () => { start(); field("file").focus(); });
  field("filter").addEventListener("submit", (e) => e.preventDefault());
  for (const e of [category, color, top]) e.addEventListener("change", () => { write(); run(); });
  addEventListener("popstate", () => { if (info) read(); }); // Back, and an address that was typed

  // A picture may be dropped anywhere: a browser would leave the page for it.
  let inside = 0;
  const over = (n) => {
    inside = Math.max(0, n);
    field("drop").classList.toggle("over", inside > 0);
  };
  addEventListener("dragenter", (e) => { e.preventDefault(); over(inside + 1); });
  addEventListener("dragleave", () => over(inside - 1));
  addEventListener("dragover", (e) => e.preventDefault());
  addEventListener("drop", (e) => {
    e.preventDefault();
    over(0);
    const files = e.dataTransfer?.files ?? [];
    if (files.length === 0) tell("That is no file. Save the picture first, and drop its file.");
    else take(files[0]);
  });
  addEventListener("paste", (e) => { if (e.clipboardData?.files.length) take(e.clipboardData.files[0]); });

  (async () => {
    try {
      info = await ask("api/info");
    } catch (e) {
      tell(e.message);
      return;
    }
    field("about").textContent = number(info.pictures) + " pictures in " + info.title;
    fill(category, info.categories);
    fill(color, info.colors);
    for (const n of [...new Set([10, 20, 50, 100, 200, info.top])].sort((a, b) => a - b)) {
      const o = make("option", n);
      o.value = n;
      top.append(o);
    }
    await read();
  })();
}
