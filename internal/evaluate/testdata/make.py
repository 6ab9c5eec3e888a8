"""Writes triplets.json: embeddings, triplets, and what numpy and scipy say about them.

    python make.py        (needs numpy and scipy; writes beside itself)
"""
import json, os

import numpy as np
from scipy.stats import binomtest

K, GAP = 30, 0.5
rng = np.random.default_rng(5)
n, dim = 80, 6
product = rng.integers(0, 25, n)
category = product % 4
colour = product % 3
centre = rng.standard_normal((25, dim))
x = centre[product] + 0.8 * rng.standard_normal((n, dim))
x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
bad = [3, 44]  # pictures that cannot be read

triplets = []
while len(triplets) < 300:
    q, p, m = (int(v) for v in rng.integers(0, n, 3))
    same = product[p] == product[q] or (category[p] == category[q] and colour[p] == colour[q]) or rng.random() < 0.05
    if q != p and q != m and same and (product[m] != product[q] or rng.random() < 0.2):
        triplets.append([q, p, m])

d = ((x[:, None].astype(np.float64) - x[None].astype(np.float64)) ** 2).sum(2)
read = [i for i in range(n) if i not in bad]
used = [t for t in triplets if not set(t) & set(bad)]
dp = np.array([d[q, p] for q, p, m in used])
dn = np.array([d[q, m] for q, p, m in used])
right = dp < dn


def wilson(k, m):
    ci = binomtest(int(k), int(m)).proportion_ci(method="wilson")
    return [ci.low, ci.high]


kinds = {}
for (q, p, m), ok in zip(used, right):
    positive = "same product" if product[p] == product[q] else \
        "same category and colour" if category[p] == category[q] and colour[p] == colour[q] else "other"
    negative = "same product" if product[m] == product[q] else "same category" if category[m] == category[q] else "other category"
    k = kinds.setdefault(positive + "/" + negative, [0, 0])
    k[0] += 1
    k[1] += int(ok)

top = []
for (q, p, m), ok in zip(used, right):
    others = sorted((i for i in read if i != q), key=lambda i: d[q, i])[:K]
    if p in others or m in others:
        top.append(bool(ok))
hinge = np.maximum(0, GAP + dp - dn)
json.dump({
    "dim": dim, "gap": GAP, "values": x.ravel().view(np.uint32).tolist(), "bad": bad, "triplets": triplets,
    "product": product.tolist(), "category": category.tolist(), "colour": colour.tolist(),
    "used": len(used), "right": int(right.sum()), "interval": wilson(right.sum(), len(used)), "kinds": kinds,
    "d_pos": dp.mean(), "d_neg": dn.mean(), "loss": hinge.mean(), "active": float((hinge > 0).mean()),
    "top": {"triplets": len(top), "right": sum(top), "score": 2 * sum(top) - len(top), "pictures": len(read) - 1},
    "histogram_pos": np.histogram(dp, bins=20, range=(0, 4))[0].tolist(), "histogram_neg": np.histogram(dn, bins=20, range=(0, 4))[0].tolist(),
    "intervals": [[k, m] + wilson(k, m) for k, m in [(0, 1), (1, 1), (0, 20), (20, 20), (8, 10), (1, 1000), (97, 100), (12345, 20000)]],
}, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "triplets.json"), "w"), separators=(",", ":"))
