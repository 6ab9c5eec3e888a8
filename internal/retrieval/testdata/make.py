"""Writes embeddings.safetensors and expected.json: what pytorch-metric-learning's AccuracyCalculator says about embeddings.

    python make.py        (needs torch, numpy, safetensors, pytorch-metric-learning and faiss-cpu of bench/requirements.txt; writes beside itself)

Cases: same       every picture queries all others; some labels have one picture alone
       apart      queries and a gallery without a common picture; some queries have no right answer
       few        queries that are the first rows of the gallery
       category   three labels alone, so that R is larger than any k
"""
import json, os

import numpy as np
import torch
from pytorch_metric_learning.utils import accuracy_calculator as ac
from safetensors.numpy import save_file

DEPTHS = (1, 5, 10, 20)


class Calculator(ac.AccuracyCalculator):
    """Adds recall and precision at k, from its nearest neighbours."""

    def requires_knn(self):
        return super().requires_knn() + ["recall_at", "precision_at"]

    def at(self, knn_labels, query_labels, mask):
        return knn_labels[mask] == query_labels[mask][:, None]

    def calculate_recall_at(self, knn_labels, query_labels, not_lone_query_mask, **kwargs):
        same = self.at(knn_labels, query_labels, not_lone_query_mask)
        return [same[:, :k].any(1).double().mean().item() for k in DEPTHS]

    def calculate_precision_at(self, knn_labels, query_labels, not_lone_query_mask, **kwargs):
        return [
            ac.precision_at_k(knn_labels[not_lone_query_mask], query_labels[not_lone_query_mask][:, None], k, False, False, ac.EQUALITY)
            for k in DEPTHS
        ]


def clusters(rng, labels, dim, spread):
    centres = {l: rng.standard_normal(dim) for l in np.unique(labels)}
    x = np.stack([centres[l] for l in labels]) + spread * rng.standard_normal((len(labels), dim))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def main():
    rng = np.random.default_rng(11)
    n, dim = 240, 24
    labels = rng.integers(0, 70, n)
    labels[-5:] = 1000 + np.arange(5)  # alone
    x = clusters(rng, labels, dim, 0.9)
    x[17] = x[16]  # equal embeddings of one label
    labels[17] = labels[16]
    category = labels % 3
    q, g = np.arange(0, 90), np.arange(90, n)
    few = np.arange(0, 60)
    cases = {
        "same": (x, labels, x, labels, True),
        "apart": (x[q], labels[q], x[g], labels[g], False),
        "few": (x[few], labels[few], x, labels, True),
        "category": (x, category, x, category, True),
    }
    expected = {}
    for name, (a, la, b, lb, same) in cases.items():
        calculator = Calculator(
            include=("precision_at_1", "r_precision", "mean_average_precision_at_r", "recall_at", "precision_at"),
            k=min(len(b) - 1 if same else len(b), 200), device=torch.device("cpu"))
        expected[name] = calculator.get_accuracy(a, la, b, lb, ref_includes_query=same)
        expected[name]["labels"] = [la.tolist(), lb.tolist()]
        counts = [(lb == l).sum() - same for l in la]
        expected[name]["without"] = int(sum(c == 0 for c in counts))
    here = os.path.dirname(os.path.abspath(__file__))
    save_file({"embeddings": x}, os.path.join(here, "embeddings.safetensors"))
    with open(os.path.join(here, "expected.json"), "w") as f:
        json.dump(expected, f, separators=(",", ":"))
        f.write("\n")


main()
