"""Plots losses and accuracies of runs with Winograd's convolutions over those of runs with --exact.

    make bench-curves               trains the demo five times each way and writes bench/curves.png
    python curves.py RUNS OUT       from a folder of runs named winograd-* and exact-*

The runs of a kind differ by less than a thousandth in the learning rate: training amplifies the smallest difference, so two runs are
never the same for long, and what counts is whether the two kinds differ by more than runs of one kind do.
"""
import glob, json, sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

KINDS = {"winograd": ("Winograd", "tab:blue"), "exact": ("--exact (direct)", "tab:orange")}


def read(run):
    records = [json.loads(line) for line in open(f"{run}/metrics.jsonl")]
    accuracy = [(r["step"], r["val_accuracy"]) for r in records if r.get("val_accuracy") is not None]
    return np.array([r["loss"] for r in records]), np.array(accuracy)


def smooth(values, width=50):
    return np.convolve(values, np.ones(width) / width, mode="valid")


def main(folder, out):
    runs = {kind: [read(run) for run in sorted(glob.glob(f"{folder}/{kind}-*"))] for kind in KINDS}
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
    for kind, (name, colour) in KINDS.items():
        for i, (loss, accuracy) in enumerate(runs[kind]):
            style = dict(color=colour, linewidth=1.1, alpha=0.9, label=name if i == 0 else None)
            left.plot(np.arange(1, 31), loss[:30], **style)
            middle.plot(np.arange(50, len(loss) + 1), smooth(loss), **style)
            right.plot(accuracy[:, 0], accuracy[:, 1], marker=".", **style)
    left.set(title="loss, the first 30 steps", xlabel="step", ylabel="loss")
    middle.set(title="loss, mean of 50 steps", xlabel="step", yscale="log")
    right.set(title="validation accuracy", xlabel="step")
    for axes in (left, middle, right):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(out, dpi=90)
    for kind, (name, _) in KINDS.items():
        print(f"{name}: mean loss of the last 300 steps " + " ".join(f"{loss[-300:].mean():.4f}" for loss, _ in runs[kind])
              + ", last accuracy " + " ".join(f"{a[-1, 1]:.3f}" for _, a in runs[kind]))

    def together(a, b):
        apart = np.abs(a[0] - b[0]) > 1e-3
        return int(np.argmax(apart)) if apart.any() else len(apart)

    exact, fast = runs["exact"], runs["winograd"]
    print(f"steps until two losses are 1e-3 apart: Winograd and direct {together(fast[0], exact[0])}; "
          f"direct and direct {' '.join(str(together(exact[0], e)) for e in exact[1:])}; "
          f"Winograd and Winograd {' '.join(str(together(fast[0], f)) for f in fast[1:])}")


if __name__ == "__main__":
    main(*sys.argv[1:])
