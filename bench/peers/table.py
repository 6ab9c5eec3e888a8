"""Writes a race as Markdown: a section for each kind of machine, which a later race on the same kind replaces."""
import os, re
from statistics import median

HEAD = """# Results

Every number here was written by `make bench-peers`, `bench-triplets`, `bench-retrieval` or `bench-seeds`; a section is replaced when it runs again on the same kind of machine. How it
is measured: `bench --help` and the head of the scripts in `bench/peers`. "must" and "aim" are this project's targets: batches of 8 triplets (24 images), 224 x 224, float32, head fc and all triplets active where nothing else is said.
"""


def best(results):
    return min(r["ms"] for r in results if r)


def rival(got, prefix="PyTorch"):
    """The name of the fastest of the variants: by the median of those that ran as often as any, by the only run of the others."""
    names = [n for n in got if n.startswith(prefix)]
    often = max((sum(1 for r in got[n] if r) for n in names), default=0)
    return min((n for n in names if sum(1 for r in got[n] if r) == often), key=lambda n: median(r["ms"] for r in got[n] if r), default=None)


def ratios(ours, theirs):
    return [t["ms"] / o["ms"] for o, t in zip(ours, theirs) if o and t]


def times(x):
    return f"{x:.2f} times"


def share(x, digits=0):
    return f"{100 * x:.{digits}f} %"


def memory(gib):
    return f"{gib * 1024:.0f} MiB" if gib < 1 else f"{gib:.2f} GiB"


def verdict(value, must, aim, lower=False):
    sign = -1 if lower else 1
    if sign * value >= sign * aim:
        return "aim"
    return "must" if sign * value >= sign * must else "**missed**"


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, must, aim, measured, reached, detail=""):
        self.rows.append((what, must, aim, measured, reached, detail))

    def text(self):
        head = ("what", "must", "aim", "measured", "reached", "detail")
        lines = ["| " + " | ".join(r) + " |" for r in [head, ("---",) * 6, *self.rows]]
        return "\n".join(lines)


def against(t, r, part, what, must, aim):
    got = r.get(part)
    name = got and rival(got)
    if not name:
        return
    x = ratios(got["deeprank"], got[name])
    t.add(what, times(must), times(aim), f"**{times(median(x))}**", verdict(median(x), must, aim),
          f"{best(got['deeprank']):.1f} against {best(got[name]):.1f} ms/image; {name}; {len(x)} rounds, {min(x):.2f} to {max(x):.2f}")


def lean(t, r, part, what, must, aim):
    """Peak memory against the leanest PyTorch."""
    got = r.get(part)
    names = [n for n in got or {} if n.startswith("PyTorch")]
    if not names:
        return
    ours = max(x["gib"] for x in got["deeprank"] if x)
    name = min(names, key=lambda n: min(x["gib"] for x in got[n] if x))
    theirs = min(x["gib"] for x in got[name] if x)
    t.add(what, share(must), share(aim), f"**{share(ours / theirs)}**", verdict(ours / theirs, must, aim, lower=True),
          f"{ours:.2f} against {theirs:.2f} GiB; {name}{halves(r, part, theirs)}")


def halves(r, part, theirs):
    """What a batch in two parts takes."""
    for x in r.get("parts", {}).get("deeprank " + part, []):
        if x:
            return f"; in parts of {x['micro_batch']} triplets, with the same bits: {x['gib']:.2f} GiB ({share(x['gib'] / theirs)}) at {x['ms']:.1f} ms/image"
    return ""


def targets(r):
    t = Table()
    against(t, r, "step", "training step against PyTorch's fastest", 3, 4)
    if "step" in r:
        x = median(o["effective_gflops"] for o in r["step"]["deeprank"] if o) / r["machine"]["limit"]
        t.add("effective throughput of the step over the limit", "1.8", "2.3", f"**{x:.2f}**", verdict(x, 1.8, 2.3),
              f"{x * r['machine']['limit']:.0f} of {r['machine']['limit']:.0f} GFLOP/s")
    against(t, r, "forward", "forward (embedding) against PyTorch's fastest", 2.1, 2.7)
    if "active" in r:
        whole, part = r["active"]["deeprank all"], r["active"]["deeprank 10 %"]
        x = ratios(part, whole)
        real = median(o["active"] for o in part if o)
        t.add("the step with 10 % of the triplets active", "2 times", "2.4 times", f"**{times(median(x))}**", verdict(median(x), 2, 2.4),
              f"{best(part):.1f} against {best(whole):.1f} ms/image; {share(real)} active, of a batch of {part[0]['batch']}")
    if "frozen" in r:
        whole, frozen, fc = (r["frozen"]["deeprank " + n] for n in ("gap", "gap frozen", "fc frozen"))
        x = ratios(frozen, whole)
        t.add("`--freeze features`, second epoch on, batch 32: gap head", "40 times", "60 times", f"**{times(median(x))}**", verdict(median(x), 40, 60),
              f"{best(frozen):.2f} against {best(whole):.1f} ms/image")
        x = [o["ms"] / o["heads_ms"] for o in fc if o]
        t.add("`--freeze features`, second epoch on, batch 32: fc head, over the heads' own products and updates", "1.3", "1.1", f"**{median(x):.2f}**",
              verdict(median(x), 1.3, 1.1, lower=True), f"{best(fc):.2f} against {min(o['heads_ms'] for o in fc if o):.2f} ms/image")
    lean(t, r, "gap", "peak memory of the step, gap head, against PyTorch's leanest", 0.6, 0.45)
    lean(t, r, "step", "the same, fc head", 0.75, 0.6)
    if "threads" in r and "deeprank 2" in r["threads"]:
        got = r["threads"]
        x = ratios(got["deeprank 2"], got["deeprank 1"])
        detail = ", ".join(f"{n.split()[1]}: {best(rs):.1f}" for n, rs in got.items())
        t.add("1 to 2 threads", "1.9 times", "1.97 times", f"**{times(median(x))}**", verdict(median(x), 1.9, 1.97), f"threads: ms/image {detail}")
    if r.get("batches"):
        ms = {b: best(rs) for b, rs in sorted(r["batches"].items())}
        values = list(ms.values())
        worst = max(later / earlier for earlier, later in zip(values, values[1:])) if len(values) > 1 else 1
        ok = "yes" if worst <= 1.02 else "**missed**"
        t.add(f"cost per image, batch {min(ms)} to {max(ms)} triplets", "falling or flat", "", f"**{'flat or falling' if worst <= 1.02 else f'rises by up to {share(worst - 1, 1)}'}**", ok,
              "triplets: ms/image " + ", ".join(f"{b}: {v:.1f}" for b, v in ms.items()))
    if "pictures" in r:
        p = r["pictures"]
        x = median(o["wait_share"] for o in p["deeprank warm"] if o)
        t.add("waiting for data, warm cache", "1 %", "", f"**{share(x, 2)}**", "yes" if x < 0.01 else "**missed**", f"{best(p['deeprank warm']):.1f} ms/image; pictures of 1080 x 1440")
        y = [c["ms_per_image_median"] / d["ms_per_image_median"] - 1 for c, d in zip(p["deeprank cold"], p["deeprank drawn"]) if c and d]
        t.add("first epoch, cold cache, slower than without files by", "15 %", "8 %", f"**{share(median(y), 1)}**", verdict(median(y), 0.15, 0.08, lower=True),
              f"medians of {p['deeprank cold'][0]['steps']} steps; waiting {share(median(o['wait_share'] for o in p['deeprank cold'] if o), 1)} of the time")
    return t.text()


def programs(r):
    lines = ["| program | training, fc head | training, gap head | forward, fc head |", "| --- | --- | --- | --- |"]
    names = []
    for part in ("step", "gap", "forward"):
        names += [n for n in r.get(part, {}) if n not in names]

    def cell(part, n):
        rs = [x for x in r.get(part, {}).get(n, []) if x]
        return f"{min(x['ms'] for x in rs):.1f} ms, {max(x['gib'] for x in rs):.2f} GiB" if rs else ""

    for n in names:
        lines.append(f"| {n} | {cell('step', n)} | {cell('gap', n)} | {cell('forward', n)} |")
    g = r.get("gorgonia", {})
    if g:
        train, forward = (f"{g[k][0]['ms']:.0f} ms" if k in g else "" for k in ("gorgonia training", "gorgonia forward"))
        memory = g.get("gorgonia training", [{"gib": 0}])[0]["gib"]
        lines.append(f"| stock gorgonia, thirteen convolutions alone, one image | | {train}, {memory:.2f} GiB | {forward} |")
    return "\n".join(lines)


def layers(r):
    if "layers" not in r:
        return ""
    lines = ["", f"### Layers by themselves (`bench`; limit {r['layers']['limit_gflops']:.0f} GFLOP/s when they were measured)", "",
             "| layer | pass | shape | ms/image | effective GFLOP/s | of the limit |", "| --- | --- | --- | --: | --: | --: |"]
    for x in r["layers"]["layers"]:
        rate = f"{x['gflops']:.0f} | {share(x['share'])}" if x["gflops"] else " | "
        lines.append(f"| {x['name']} | {x['pass']} | {x.get('shape', '')} | {x['ms']:.3f} | {rate} |")
    return "\n".join(lines) + "\n"


def machine_section(r):
    m = r["machine"]
    lines = [
        f"## {m['kind']}: {m['cpu']}, {m['cpus']} CPUs", "",
        f"- measured {m['date']}, {r['rounds']} rounds{' (quick: too few to rely on)' if r['quick'] else ''}; load of the machine when it began: {m['load']:.1f}",
        f"- {m['memory']:.0f} GiB of memory, {m['system']}; {' '.join(m['flags'])}",
        f"- limit {m['limit']:.0f} GFLOP/s on {r['threads_used']} threads (multiply-adds in registers); kernels {r['kernels']}",
        "- " + ", ".join(f"{k} {v}" for k, v in r["versions"].items()) + (", tcmalloc preloaded for PyTorch and TensorFlow" if r["tcmalloc"] else ", **without tcmalloc**: none was found"),
    ]
    if (r["size"], r["batch"]) != (224, 8):
        lines.append(f"- **not the targets' case**: {r['size']} x {r['size']}, {r['batch']} triplets")
    lines += [f"- {n}" for n in r["notes"]]
    lines += ["", targets(r), "", "The fastest step of all rounds, and the peak memory of the process:", "", programs(r), layers(r)]
    return "\n".join(lines)


def key(r):
    return f"{r['machine']['kind']}; {r['machine']['cpu']}; {r['machine']['cpus']} CPUs".replace("--", "-")


def write_section(path, r, text):
    """Puts the section in the place of the one that the same kind of machine wrote, or at the end. All else stays."""
    old = open(path, encoding="utf-8").read() if os.path.exists(path) else HEAD
    begin, end = f"<!-- begin {key(r)} -->", f"<!-- end {key(r)} -->"
    new = f"{begin}\n{text.rstrip()}\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    old = pattern.sub(lambda _: new, old) if pattern.search(old) else old.rstrip() + "\n\n" + new + "\n"
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(old)
    os.replace(path + ".new", path)
