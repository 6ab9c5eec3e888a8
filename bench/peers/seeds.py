"""Trains the demo's network with this program and with PyTorch (bench/reference/deeprank.py's Tower), ten seeds each, with the same
hyperparameters on the same shop, and compares what comes out on products that were not trained on.

    make bench-seeds                 into a section of bench/RESULTS.md (twenty minutes)

Everything random differs between the two and between seeds: initial weights, order, flips and shifts. So the question is whether the
means lie as near to one another as the spread of the seeds lets them. Both numbers are measured after the last step.
"""
import argparse, csv, json, math, os, subprocess, sys, tempfile

import numpy as np
import torch
from PIL import Image

from race import machine
from table import write_section

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "reference"))
sys.argv, arguments = sys.argv[:1], sys.argv[1:]
import deeprank  # noqa: E402


def settings(train):
    """The preset's settings, as train prints them."""
    text = subprocess.run([train, "--config", "demo", "--triplets", "x", "--print-config"], stdout=subprocess.PIPE, text=True, check=True).stdout
    c = {}
    for line in text.splitlines():
        key, colon, value = line.partition(": ")
        if colon and not line.startswith("#"):
            c[key] = json.loads(value)
    return c


def last_line(command):
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if out.returncode:
        sys.exit(f"{' '.join(command)}: exit code {out.returncode}: {out.stdout}")
    return json.loads(out.stdout.strip().splitlines()[-1])


def ours(a, shop, run, seed):
    r = last_line([a.train, "--config", "demo", "--triplets", f"{shop}/csv/train_triplets.tsv", "--val-triplets", f"{shop}/csv/val_triplets.tsv", "--val-metadata", f"{shop}/csv/val_set.csv",
                   "--cache", "none", "--seed", str(seed), "--out", run, "--quiet", *(["--steps", str(a.steps)] if a.steps else [])])
    return r["val_accuracy"], r["val_recall_at_1"]


def table(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def triplets(path):
    return np.array([[int(r[k]) for k in "qpn"] for r in table(path)])


class Pictures:
    """All pictures of a table in memory, as uint8 [N][3][S][S]."""

    def __init__(self, rows, images, size):
        pixels = []
        for r in rows:
            im = Image.open(os.path.join(images, r["_name"])).convert("RGB")
            pixels.append(np.asarray(im if im.size == (size, size) else im.resize((size, size), Image.BICUBIC)))
        self.pixels = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
        self.mean, self.std = (torch.tensor(v).view(1, 3, 1, 1) for v in (deeprank.MEAN, deeprank.STD))

    def batch(self, rows, rng=None):
        """Normalised pictures; with rng flipped by chance, and shifted by up to a sixteenth, the edge repeated."""
        x = self.pixels[torch.as_tensor(rows)]
        if rng is not None:
            size = x.shape[-1]
            m = size // 16
            padded = torch.nn.functional.pad(x.float(), (m, m, m, m), mode="replicate")
            out = []
            for i in range(len(x)):
                dy, dx = rng.integers(0, 2 * m + 1, 2)
                v = padded[i, :, dy:dy + size, dx:dx + size]
                out.append(v.flip(2) if rng.random() < 0.5 else v)
            x = torch.stack(out)
        return ((x.float() / 255 - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


def rate(c, step, steps):
    if step < c["warmup"]:
        return c["lr"] * (step + 1) / c["warmup"]
    return c["lr"] * (1 + math.cos(math.pi * (step - c["warmup"]) / (steps - c["warmup"]))) / 2


def theirs(a, c, shop, seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    rows = table(f"{shop}/csv/sample_set.csv")
    pictures = Pictures(rows, f"{shop}/images", c["size"])
    m = deeprank.Tower(c["width"], c["size"], c["fc_dim"], c["embed_dim"], c["dropout"], c["head"])
    for p in m.parameters():
        torch.nn.init.zeros_(p) if p.dim() == 1 else torch.nn.init.kaiming_normal_(p, nonlinearity="relu")
    m = m.to(memory_format=torch.channels_last)
    opt = torch.optim.AdamW(m.parameters(), lr=c["lr"], weight_decay=c["weight_decay"])
    train = triplets(f"{shop}/csv/train_triplets.tsv")
    steps, step = a.steps or c["steps"], 0
    while step < steps:
        order = rng.permutation(len(train))
        for start in range(0, len(order), c["batch"]):
            if step == steps:
                break
            b = train[order[start:start + c["batch"]]]
            for g in opt.param_groups:
                g["lr"] = rate(c, step, steps)
            loss, _, _ = deeprank.hinge(m(pictures.batch(b.T.reshape(-1), rng)), c["gap"])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(m.parameters(), c["clip_grad"])
            opt.step()
            step += 1
    m.eval()
    with torch.inference_mode():
        e = torch.cat([m(pictures.batch(np.arange(i, min(i + 64, len(rows))))) for i in range(0, len(rows), 64)])
        q, p, n = (e[torch.as_tensor(v)] for v in triplets(f"{shop}/csv/val_triplets.tsv").T)
        accuracy = ((q - p).square().sum(1) < (q - n).square().sum(1)).double().mean().item()
        place = {r["_name"]: i for i, r in enumerate(rows)}
        val = table(f"{shop}/csv/val_set.csv")
        v = e[[place[r["_name"]] for r in val]]
        product = np.array([r["_id"] for r in val])
        d = torch.cdist(v, v)
        d.fill_diagonal_(float("inf"))
        recall = float((product[d.argmin(1).numpy()] == product).mean())  # each product of the shop has several pictures
    return accuracy, recall


def spread(values):
    return f"{np.mean(values):.4f} ± {np.std(values, ddof=1):.4f}"


def section(m, a, c, r):
    lines = [
        f"## Seeds: {m['cpu']}, {m['cpus']} CPUs", "",
        f"- measured {m['date']} by `make bench-seeds`; PyTorch {torch.__version__} trains `bench/reference/deeprank.py`'s Tower, this program `train --config demo`",
        f"- the shop of `triplets demo --size {c['size']}`: 240 products to train on, 60 to measure on; {a.steps or c['steps']} steps of {c['batch']} triplets, {c['optimizer']}, rate {c['lr']}, the same for both",
        "- mean and standard deviation over the seeds; the difference of the means over its standard error (two that are equal lie within 2 of one another, 19 times in 20)", "",
        "| seed | accuracy, ours | accuracy, PyTorch | recall@1, ours | recall@1, PyTorch |", "| --- | --: | --: | --: | --: |",
    ]
    for i, (x, y) in enumerate(zip(r["ours"], r["theirs"])):
        lines.append(f"| {i + 1} | {x[0]:.4f} | {y[0]:.4f} | {x[1]:.4f} | {y[1]:.4f} |")
    x, y = np.array(r["ours"]), np.array(r["theirs"])
    lines.append(f"| all | {spread(x[:, 0])} | {spread(y[:, 0])} | {spread(x[:, 1])} | {spread(y[:, 1])} |")
    error = np.sqrt(x.var(0, ddof=1) / len(x) + y.var(0, ddof=1) / len(y))
    apart = (x.mean(0) - y.mean(0)) / np.maximum(error, 1e-12)
    lines += ["", f"Ours minus PyTorch's: accuracy {x[:, 0].mean() - y[:, 0].mean():+.4f} ({apart[0]:+.1f} standard errors), recall@1 {x[:, 1].mean() - y[:, 1].mean():+.4f} ({apart[1]:+.1f})."]
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--train", required=True, help="our program")
    p.add_argument("--triplets", required=True, help="our program")
    p.add_argument("--out", help="Markdown file; stdout without")
    p.add_argument("--seeds", type=int, default=10, help="recall spreads widely from seed to seed: five are too few to tell a difference from chance")
    p.add_argument("--steps", type=int, default=0, help="instead of the preset's")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    a = p.parse_args(arguments)
    a.isa = None
    m = machine(a)
    torch.set_num_threads(a.threads)
    c = settings(a.train)
    r = dict(ours=[], theirs=[])
    with tempfile.TemporaryDirectory() as d:
        shop = f"{d}/shop"
        last_line([a.triplets, "demo", shop, "--size", str(c["size"]), "--quiet"])
        last_line([a.triplets, "split", "--metadata", f"{shop}/csv/sample_set.csv", "--val", "0.2", "--count", "4000", "--val-count", "500", "--quiet"])
        for seed in range(1, a.seeds + 1):
            r["ours"].append(ours(a, shop, f"{d}/run{seed}", seed))
            r["theirs"].append(theirs(a, c, shop, seed))
            print(f"seed {seed}: ours {r['ours'][-1]}, PyTorch {r['theirs'][-1]}", file=sys.stderr)
    text = section(m, a, c, r)
    print(text)
    if a.out:
        m["kind"] = "Seeds"
        write_section(a.out, dict(machine=m), text)


main()
