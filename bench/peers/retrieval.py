"""Times `rank embed` against PyTorch's forward pass, and `rank evaluate` and `rank search` on embeddings against pytorch-metric-learning
with faiss and against the memory's speed.

    make bench-retrieval             into a section of bench/RESULTS.md
    make bench-retrieval QUICK=1     smaller, to stdout alone

Ours and theirs alternate, each in a process of its own. `rank evaluate` is timed from start to end, reading its files included; of the
peer's process only the metrics count, with the embeddings in memory (memory: the whole process less what it holds after its imports).
`rank embed` is timed from start to end too, reading the full-size network and PICTURES cached pictures included; of PyTorch the fastest step counts,
on a batch in memory, by the fastest of its variants.
"""
import argparse, json, os, subprocess, sys, tempfile, time

import numpy as np

import child
from race import REFERENCE, TORCH, machine
from table import Table, memory, verdict, times, write_section

EACH = 5  # pictures of a product
PICTURES = 480  # that rank embed embeds


def draw(rows, dim):
    """Embeddings of products with EACH pictures, like Stanford Online Products' test side in number, and their products."""
    rng = np.random.default_rng(1)
    x = np.repeat(rng.standard_normal((-(-rows // EACH), dim), dtype=np.float32), EACH, axis=0)[:rows]
    x += 2.1 * rng.standard_normal((rows, dim), dtype=np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x, np.arange(rows) // EACH


def folder(path, x, products):
    """Writes what rank embed writes."""
    os.makedirs(path)
    np.save(f"{path}/embeddings.npy", x)
    with open(f"{path}/metadata.tsv", "w") as f:
        f.write("_category\t_color\t_id\t_gender\t_name\n")
        f.writelines(f"c{p % 12}\tred\t{p}\t\t{i}.jpg\n" for i, p in enumerate(products))
    with open(f"{path}/embeddings.json", "w") as f:
        json.dump(dict(format=1, rows=len(x), dim=x.shape[1], dtype="float32", checkpoint="none", checkpoint_fingerprint="none", metadata="none",
                       metadata_fingerprint="none", pictures=len(x), images=".", flip=False, skipped=0), f)
    with open(f"{path}/skipped.tsv", "w") as f:
        f.write("row\tname\treason\n")


def ours(rank, path, threads):
    r = child.run([rank, "evaluate", "--embeddings", path, "--threads", str(threads), "--quiet"])
    if r.code:
        sys.exit(f"rank evaluate: exit code {r.code}")
    n = json.loads(r.out.strip().splitlines()[-1])["networks"][0]["retrieval"]
    return dict(s=r.seconds, gib=r.gib, numbers=[n[k] for k in ("recall_at_1", "recall_at_10", "r_precision", "map_at_r")])


def peer(path, threads):
    """This file again, in a process of its own: see metrics."""
    out = subprocess.run([sys.executable, __file__, "--metrics", path, "--threads", str(threads)], stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(out.strip().splitlines()[-1])


def metrics(path, threads):
    import resource

    import faiss
    import pytorch_metric_learning
    import torch
    from pytorch_metric_learning.utils import accuracy_calculator as ac

    class Calculator(ac.AccuracyCalculator):
        """Adds recall at 10, from the same nearest neighbours."""

        def requires_knn(self):
            return super().requires_knn() + ["recall_at_10"]

        def calculate_recall_at_10(self, knn_labels, query_labels, not_lone_query_mask, **kwargs):
            same = knn_labels[not_lone_query_mask] == query_labels[not_lone_query_mask][:, None]
            return same[:, :10].any(1).double().mean().item()

    faiss.omp_set_num_threads(threads)
    torch.set_num_threads(threads)
    x = np.load(f"{path}/embeddings.npy")
    labels = np.arange(len(x)) // EACH
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    calculator = Calculator(include=("precision_at_1", "recall_at_10", "r_precision", "mean_average_precision_at_r"), k=20, device=torch.device("cpu"))
    begin = time.perf_counter()
    r = calculator.get_accuracy(x, labels, x, labels, ref_includes_query=True)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(dict(s=seconds, gib=peak - before + x.nbytes / 2**30, numbers=[r[k] for k in ("precision_at_1", "recall_at_10", "r_precision", "mean_average_precision_at_r")],
                          versions=f"pytorch-metric-learning {pytorch_metric_learning.__version__}, faiss {faiss.__version__}, PyTorch {torch.__version__}")))


def result(command, env=None):
    p = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env)
    if p.returncode:
        sys.exit(f"{' '.join(command)}: exit code {p.returncode}")
    return json.loads(p.stdout.strip().splitlines()[-1])


def embed(a, d):
    """Milliseconds a picture of rank embed and of PyTorch's variants, a list of each."""
    programs = os.path.dirname(a.rank)
    result([f"{programs}/triplets", "demo", f"{d}/shop", "--size", "224", "--products", str(PICTURES // 4), "--views", "4", "--quiet"])
    table = f"{d}/shop/csv/sample_set.csv"
    result([f"{programs}/train", "--triplets", f"{d}/shop/csv/triplets.csv", "--steps", "1", "--out", f"{d}/run", "--cache", f"{d}/cache", "--quiet"])
    env = dict(os.environ, OMP_NUM_THREADS=str(a.threads), **({"LD_PRELOAD": a.tcmalloc} if a.tcmalloc else {}))
    got = {"rank embed": []}
    variants = list(TORCH)
    for i in range(a.rounds + 1):
        begin = time.perf_counter()
        r = result([a.rank, "embed", "--run", f"{d}/run", "--metadata", table, "--out", f"{d}/e{i}", "--threads", str(a.threads), "--quiet"])
        took = 1e3 * (time.perf_counter() - begin) / r["rows"]
        if i == 0:
            continue  # it filled the cache of pictures
        got["rank embed"].append(took)
        for v in variants:
            p = result([sys.executable, REFERENCE, "step", "--threads", str(a.threads), "--steps", "5", "--infer", *TORCH[v]], env)
            got.setdefault("PyTorch, " + v, []).append(p["ms_per_image"])
        variants = sorted(variants, key=lambda v: got["PyTorch, " + v][0])[:1]
        print("  ".join(f"{k} {x[-1]:.1f} ms" for k, x in got.items()), file=sys.stderr)
    return got


def copy_rate(rows, dim, threads, repeats=10):
    """Bytes a second, read and written together, of PyTorch's copy of such a matrix."""
    import torch
    torch.set_num_threads(threads)
    a = torch.rand(rows, dim)
    b = torch.empty_like(a)
    b.copy_(a)
    begin = time.perf_counter()
    for _ in range(repeats):
        b.copy_(a)
    return repeats * 2 * a.numel() * 4 / (time.perf_counter() - begin)


def search_rate(rank_go, threads):
    """Bytes a second that one search reads, by the Go benchmark of internal/retrieval."""
    env = dict(os.environ, GOMAXPROCS=str(threads))
    out = subprocess.run([rank_go, "test", "-run", "^$", "-bench", "^BenchmarkSearch$", "-benchtime", "10x", "./internal/retrieval"], stdout=subprocess.PIPE, text=True, check=True, env=env).stdout
    line = next(l for l in out.splitlines() if l.startswith("BenchmarkSearch"))
    return float(line.split()[line.split().index("MB/s") - 1]) * 1e6


def section(m, a, rows, r):
    o, p = r["ours"], r["peer"]
    lines = [
        f"## Retrieval: {m['cpu']}, {m['cpus']} CPUs", "",
        f"- measured {m['date']} by `make bench-retrieval`, {a.rounds} rounds, {a.threads} threads; load of the machine when it began: {m['load']:.1f}",
        f"- {m['memory']:.0f} GiB of memory, {m['system']}; {p[0]['versions']}",
        f"- {rows:,} embeddings of {a.dim} numbers, {EACH} of each product, drawn; every one is a query", "",
    ]
    t = Table()
    if r["embed"]:
        mine = r["embed"].pop("rank embed")
        name = min(r["embed"], key=lambda n: r["embed"][n][0])
        each = [y / x for x, y in zip(mine, r["embed"][name])]
        t.add(f"`rank embed`, {PICTURES} cached pictures of 224 x 224, full network, start to end, against PyTorch's fastest forward", times(2.1), times(2.7), f"**{times(float(np.median(each)))}**",
              verdict(float(np.median(each)), 2.1, 2.7), f"{min(mine):.1f} against {min(r['embed'][name]):.1f} ms/image; {name}; {len(each)} rounds, {min(each):.2f} to {max(each):.2f}")
    ratios = [y["s"] / x["s"] for x, y in zip(o, p)]
    middle = float(np.median(ratios))
    t.add("recall, R-precision and mAP@R, against pytorch-metric-learning with faiss-cpu", "1 times", "2 times", f"**{times(middle)}**", verdict(middle, 1, 2),
          f"{min(x['s'] for x in o):.1f} against {min(x['s'] for x in p):.1f} s; {len(ratios)} rounds, {min(ratios):.2f} to {max(ratios):.2f}")
    gib = max(x["gib"] for x in o)
    t.add("memory of that", "1 GiB", "300 MiB", f"**{memory(gib)}**", verdict(gib, 1, 300 / 1024, lower=True), f"the peer: {memory(min(x['gib'] for x in p))}")
    apart = max(abs(x - y) for x, y in zip(o[0]["numbers"], p[0]["numbers"]))
    t.add("largest difference of the numbers", "1e-6", "", f"{apart:.1e}", "yes" if apart <= 1e-6 else "**missed**", "recall at 1 {:.4f}, at 10 {:.4f}, R-precision {:.4f}, mAP@R {:.4f}".format(*o[0]["numbers"]))
    shares = [x / y for x, y in r["search"]]
    share = float(np.median(shares))
    read, copied = r["search"][int(np.argsort(shares)[len(shares) // 2])]
    t.add("one query among 1,000,000 embeddings of 512: bytes read a second, over those that a copy reads and writes", "80 %", "95 %", f"**{100 * share:.0f} %**", verdict(share, 0.8, 0.95),
          f"{read / 1e9:.1f} against {copied / 1e9:.1f} GB/s ({copied / 2e9:.1f} copied); {4 * 512e6 / read * 1e3:.0f} ms a query; {len(shares)} rounds, {100 * min(shares):.0f} to {100 * max(shares):.0f} %")
    lines.append(t.text())
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rank", help="our program")
    p.add_argument("--go", default="go")
    p.add_argument("--out", help="Markdown file; stdout without")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--rows", type=int, default=60_000)
    p.add_argument("--dim", type=int, default=512)
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--quick", action="store_true", help="a tenth of the embeddings, one round")
    p.add_argument("--tcmalloc", help="libtcmalloc, preloaded for PyTorch's forward pass")
    p.add_argument("--metrics", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.metrics:
        return metrics(a.metrics, a.threads)
    if not a.rank:
        p.error("--rank is missing")
    a.isa = None
    m = machine(a)
    rows = a.rows // 10 if a.quick else a.rows
    if a.quick:
        a.rounds = 1
    r = dict(ours=[], peer=[], embed=None)
    with tempfile.TemporaryDirectory() as d:
        if not a.quick:
            r["embed"] = embed(a, d)
        x, products = draw(rows, a.dim)
        folder(f"{d}/e", x, products)
        for _ in range(a.rounds):
            r["ours"].append(ours(a.rank, f"{d}/e", a.threads))
            r["peer"].append(peer(f"{d}/e", a.threads))
            print(f"rank {r['ours'][-1]['s']:.2f} s, peer {r['peer'][-1]['s']:.2f} s", file=sys.stderr)
    r["search"] = [(search_rate(a.go, a.threads), copy_rate(1_000_000, 512, a.threads)) for _ in range(1 if a.quick else 2 * a.rounds + 1)]
    text = section(m, a, rows, r)
    print(text)
    if a.out:
        m["kind"] = "Retrieval"
        write_section(a.out, dict(machine=m), text)


main()
