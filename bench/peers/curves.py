"""Plots the losses of two runs over each other: one with Winograd's convolutions, one with --exact.

    make bench-curves                      trains the demo twice and writes bench/curves.png
    python curves.py RUN EXACT_RUN OUT     from the runs' folders
"""
import json, sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def read(run):
    records = [json.loads(line) for line in open(f"{run}/metrics.jsonl")]
    loss = np.array([r["loss"] for r in records])
    accuracy = [(r["step"], r["val_accuracy"]) for r in records if r.get("val_accuracy") is not None]
    return loss, np.array(accuracy)


def smooth(values, width=50):
    return np.convolve(values, np.ones(width) / width, mode="valid")


def main(fast, exact, out):
    runs = {"Winograd": read(fast), "--exact (direct)": read(exact)}
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
    for (name, (loss, accuracy)), style in zip(runs.items(), ["-", "--"]):
        left.plot(np.arange(1, 101), loss[:100], style, label=name, linewidth=1.4)
        middle.plot(np.arange(50, len(loss) + 1), smooth(loss), style, label=name, linewidth=1.4)
        right.plot(accuracy[:, 0], accuracy[:, 1], style, marker="o", label=name, linewidth=1.4)
    left.set(title="loss, the first 100 steps", xlabel="step", ylabel="loss")
    middle.set(title="loss, mean of 50 steps", xlabel="step")
    right.set(title="validation accuracy", xlabel="step")
    for axes in (left, middle, right):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(out, dpi=90)
    a, b = (loss for loss, _ in runs.values())
    n = min(len(a), len(b))
    apart = np.abs(a[:n] - b[:n])
    first = int(np.argmax(apart > 1e-3)) if (apart > 1e-3).any() else n
    print(f"{out}: {n} steps; losses within 1e-3 of each other for the first {first} steps; "
          f"means of the last 100 steps {a[n - 100:n].mean():.4f} and {b[n - 100:n].mean():.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
