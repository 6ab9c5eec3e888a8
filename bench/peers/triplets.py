"""Times `triplets` against its targets on a large table, and the rule as people write it in pandas on the same table in the same run.

    make bench-triplets              everything into a section of bench/RESULTS.md
    make bench-triplets QUICK=1      without the ten million rows, to stdout alone

Every run of the program is a process of its own, timed from its start to its end, files read and written included; the fastest of
--rounds counts, and the largest memory. pandas' triplets are timed one by one, its reading of the table is not.
"""
import argparse, json, os, subprocess, sys, tempfile, time
from statistics import median

import child
from race import machine
from table import Table, memory, write_section

ROWS, TRIPLETS = 665_000, 800_000
LARGE_ROWS, LARGE_TRIPLETS = 10_000_000, 100_000_000


def run(program, *args):
    """Runs a command; returns seconds, GiB at the peak, and its JSON line (None where it has no such command)."""
    r = child.run([program, *args], capture=True)
    if r.code == 2 and "unknown command" in r.err:
        return None
    if r.code:
        sys.exit(f"triplets {' '.join(args)}: exit code {r.code}: {r.err}")
    return dict(s=r.seconds, gib=r.gib, result=json.loads(r.out.strip().splitlines()[-1]))


def best(program, rounds, *args):
    """The fastest of some runs, with the largest memory and all times."""
    got = [run(program, *args) for _ in range(rounds)]
    if None in got:
        return None
    r = dict(min(got, key=lambda x: x["s"]), gib=max(x["gib"] for x in got), all=[x["s"] for x in got])
    print(f"triplets {' '.join(args)}: {r['s']:.3f} s, {r['gib']:.3f} GiB; all: {' '.join(f'{x:.3f}' for x in r['all'])}", file=sys.stderr)
    return r


def pandas_rule(metadata, count, same_colour=0.1, in_class=0.3):
    """The rule of `triplets sample` as a notebook has it: weighted draws of values, and masks over the whole table. Seconds of each triplet."""
    import numpy as np
    import pandas as pd
    df = pd.read_csv(metadata, sep="\t", dtype=str)
    categories, colours = df["_category"].value_counts(normalize=True), df["_color"].value_counts(normalize=True)
    rng, seconds = np.random.default_rng(1), []

    def triplet():
        same, inside = rng.random() < same_colour, rng.random() < in_class
        while True:
            category, colour = rng.choice(categories.index, p=categories.values), rng.choice(colours.index, p=colours.values)
            rows = df[(df["_category"] == category) & (df["_color"] == colour)]
            if rows.empty:
                continue
            q = rows.sample(1, random_state=rng).iloc[0]
            if same:
                positives = rows[rows["_id"] != q["_id"]]
            else:
                positives = df[(df["_id"] == q["_id"]) & (df.index != q.name)]
            if inside:
                negatives = df[(df["_category"] == category) & (df["_color"] != colour) & (df["_id"] != q["_id"])]
            else:
                negatives = df[(df["_category"] != category) & (df["_id"] != q["_id"])]
            if positives.empty or negatives.empty:
                continue
            return q.name, positives.sample(1, random_state=rng).index[0], negatives.sample(1, random_state=rng).index[0]

    triplet()
    for _ in range(count):
        begin = time.perf_counter()
        triplet()
        seconds.append(time.perf_counter() - begin)
    return seconds, f"pandas {pd.__version__}, NumPy {np.__version__}"


def reached(value, must, aim):
    return "aim" if value <= aim else "must" if value <= must else "**missed**"


def section(m, a, r):
    lines = [
        f"## Triplets: {m['cpu']}, {m['cpus']} CPUs", "",
        f"- measured {m['date']} by `make bench-triplets`, the fastest of {a.rounds} runs; load of the machine when it began: {m['load']:.1f}",
        f"- {m['memory']:.0f} GiB of memory, {m['system']}; {r['pandas'][1]}",
        f"- the table: {ROWS:,} rows of {r['products']:,} products, 25 categories, 47 colours (`triplets demo --no-images`)", "",
    ]
    t = Table()
    s, per = r["sample"], 1e6 / TRIPLETS
    t.add(f"{TRIPLETS:,} triplets from {ROWS:,} rows, reading and writing included", "1.5 s", "0.5 s", f"{s['s']:.2f} s", reached(s["s"], 1.5, 0.5),
          f"{s['s'] * per:.2f} µs a triplet; runs of {', '.join(f'{x:.2f}' for x in s['all'])} s")
    t.add("the same, peak memory", "400 MiB", "200 MiB", memory(s["gib"]), reached(s["gib"] * 1024, 400, 200))
    if r["large"]:
        x = r["large"]
        t.add(f"{LARGE_ROWS:,} rows, {LARGE_TRIPLETS:,} triplets: peak memory", "4 GiB", "2 GiB", memory(x["gib"]), reached(x["gib"], 4, 2))
        each = x["s"] / LARGE_TRIPLETS * 1e6
        t.add("the same, time a triplet", "1.875 µs", "0.625 µs", f"{each:.2f} µs", reached(each, 1.875, 0.625), f"{x['s']:.0f} s in all")
    if r["check"]:
        c = r["check"]
        t.add(f"`check` of these {TRIPLETS:,}, without `--deep`", "1.5 s", "0.5 s", f"{c['s']:.2f} s", reached(c["s"], 1.5, 0.5), f"peak memory {memory(c['gib'])}")
    v = r["relevance"]
    t.add("`--strategy relevance`, reading and writing included", "5 µs a triplet", "2 µs", f"{v['s'] * per:.2f} µs", reached(v["s"] * per, 5, 2), f"{v['s']:.2f} s in all; peak memory {memory(v['gib'])}")
    lines.append(t.text())
    each = median(r["pandas"][0])
    lines += ["", f"The same rule in pandas on the same table (`bench/peers/triplets.py`): {each:.3f} s a triplet (median of {len(r['pandas'][0])}), "
              f"which is {each * TRIPLETS / 3600:.0f} hours for {TRIPLETS:,}; `triplets sample` is **{each * TRIPLETS / s['s']:,.0f} times** as fast."]
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--triplets", required=True, help="our program")
    p.add_argument("--out", help="Markdown file; stdout without")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--pandas", type=int, default=50, help="triplets that pandas draws")
    p.add_argument("--quick", action="store_true", help="without the ten million rows")
    p.add_argument("--dir", help="where the tables go for a while (some 4 GB); default: the system's folder for such files")
    a = p.parse_args()
    a.isa = None
    m = machine(a)
    with tempfile.TemporaryDirectory(dir=a.dir) as d:
        def shop(name, rows):
            if not run(a.triplets, "demo", f"{d}/{name}", "--no-images", "--products", str(rows // 4), "--views", "4", "--quiet"):
                sys.exit("this build of triplets has no demo")
            return f"{d}/{name}/csv/sample_set.csv"

        table, out = shop("shop", ROWS), f"{d}/t.tsv"
        sample = ["sample", "--metadata", table, "--count", str(TRIPLETS), "--quiet", "--out", out]
        r = dict(sample=best(a.triplets, a.rounds, *sample), large=None)
        r["products"] = r["sample"]["result"]["products"]
        r["check"] = best(a.triplets, a.rounds, "check", "--triplets", out, "--metadata", table, "--quiet")
        r["relevance"] = best(a.triplets, a.rounds, *sample, "--strategy", "relevance")
        r["pandas"] = pandas_rule(table, a.pandas)
        print(f"pandas: {median(r['pandas'][0]):.3f} s a triplet", file=sys.stderr)
        if not a.quick:
            big = shop("large", LARGE_ROWS)
            r["large"] = best(a.triplets, 1, "sample", "--metadata", big, "--count", str(LARGE_TRIPLETS), "--quiet", "--out", out)
    text = section(m, a, r)
    print(text)
    if a.out:
        m["kind"] = "Triplets"
        write_section(a.out, dict(machine=m), text)


if __name__ == "__main__":
    main()
