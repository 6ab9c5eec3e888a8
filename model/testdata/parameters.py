"""Writes parameters.json beside it: the names and shapes of PyTorch's Tower for some networks, in their order.

    python model/testdata/parameters.py

Widths such as 0.0390625 give half channels (64 * 0.0390625 = 2.5), which Python's round takes to the even neighbour.
"""
import json, os, sys

import torch

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../bench/reference"))
from deeprank import Tower

SPECS = [  # width, size, fc_dim, embed_dim, head
    (1.0, 224, 4096, 4096, "fc"), (1.0, 224, 4096, 4096, "gap"), (1.0, 96, 4096, 4096, "fc"), (1.0, 256, 1024, 512, "fc"),
    (0.2, 32, 64, 32, "fc"), (0.2, 96, 64, 32, "fc"), (0.2, 96, 64, 32, "gap"),
    (0.125, 32, 64, 32, "fc"), (0.125, 96, 16, 16, "gap"), (0.25, 96, 512, 256, "fc"), (1.5, 64, 8, 8, "fc"),
    (0.0390625, 32, 7, 5, "fc"), (0.0546875, 64, 7, 5, "gap"), (0.046875, 32, 7, 5, "fc"), (0.015625, 32, 1, 1, "fc"), (0.001, 32, 1, 1, "fc"),
]
out = []
for width, size, fc_dim, embed_dim, head in SPECS:
    with torch.device("meta"):  # shapes alone
        tower = Tower(width, size, fc_dim, embed_dim, 0.0, head)
    parameters = [[name, list(p.shape)] for name, p in tower.named_parameters()]
    count = sum(p.numel() for p in tower.parameters())
    out.append(dict(width=width, size=size, fc_dim=fc_dim, embed_dim=embed_dim, head=head, count=count, parameters=parameters))
with open(os.path.join(here, "parameters.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in out) + "\n]\n")
