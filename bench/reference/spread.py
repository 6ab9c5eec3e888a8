"""How far PyTorch is from itself in cases of deeprank.py: which of them can hold another program to a bound.

    python spread.py CASE...      for folders written by `deeprank.py export`; a line for each, exit code 1 if one is not steady

Five steps are computed again: in float64, in channels_last, and thirty times in float32 from parameters moved by one or four units in the
last place. Where a ReLU's input is next to zero, or two pixels of a max pooling are nearly equal, rounding alone decides which way a gradient goes, and
every step after it is another one: losses then differ by up to a hundredth, PyTorch's from PyTorch's. A case is steady if no run's loss is
more than 3e-5 and no mean distance more than 3e-4 (relative) from expected.json, and no parameter went another way than in
final.safetensors by more than 3e-2 of its movement. make_parity.sh names steady seeds.
"""
import json, sys

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

import deeprank

KINDS = ["loss", "d_pos", "d_neg", "movement"]
STEADY = np.array([3e-5, 3e-4, 3e-4, 3e-2])  # relative, by KINDS


def trajectory(case, expected, init, dtype=torch.float32, memory_format=torch.contiguous_format):
    """The five steps of `deeprank.py export`, from init: [5][3] numbers of KINDS, and the parameters after them in float64."""
    c = expected["config"]
    m = deeprank.Tower(c["width"], c["size"], c["fc_dim"], c["embed_dim"], 0.0, c["head"])
    m.load_state_dict(init)
    m = m.to(dtype=dtype).to(memory_format=memory_format)
    names = [line.split("\t")[4] for line in open(f"{case}/sample_set.csv").read().splitlines()[1:]]
    pix = np.stack([np.asarray(Image.open(f"{case}/images/{n}"), dtype=np.float32) / 255 for n in names])
    x = (torch.tensor(pix) - torch.tensor(deeprank.MEAN)) / torch.tensor(deeprank.STD)
    x = x.permute(0, 3, 1, 2).contiguous().to(dtype=dtype).to(memory_format=memory_format)
    t = [[int(v) for v in line.split("\t")] for line in open(f"{case}/triplets.tsv").read().splitlines()[1:]]
    opt = torch.optim.SGD(m.parameters(), lr=c["lr"], momentum=c["momentum"], weight_decay=c["weight_decay"])
    steps = []
    for s in range(len(expected["steps"])):
        b = t[s * c["batch"] : (s + 1) * c["batch"]]
        loss, dp, dn = deeprank.hinge(m(x[[r[i] for i in range(3) for r in b]]), c["gap"])
        opt.zero_grad()
        loss.backward()
        opt.step()
        steps.append([loss.item(), dp.mean().item(), dn.mean().item()])
    return np.array(steps), {k: v.detach().double() for k, v in m.state_dict().items()}


def noisy(init, seed):
    """init with each number moved by at most four (even seed) or one (odd) units in the last place."""
    g = torch.Generator().manual_seed(seed)
    size = 2**-23 if seed % 2 else 2**-21
    return {k: v * (1 + (torch.rand(v.shape, generator=g) * 2 - 1) * size) for k, v in init.items()}


def spread(case, runs=30, give_up=False):
    """The largest relative differences by KINDS over all runs; with give_up until one is not steady."""
    expected, init = json.load(open(f"{case}/expected.json")), load_file(f"{case}/init.safetensors")
    want = np.array([[s[k] for k in KINDS[:3]] for s in expected["steps"]])
    start = {k: v.double() for k, v in init.items()}
    final = {k: v.double() for k, v in load_file(f"{case}/final.safetensors").items()}  # of a committed case some tensors only
    variants = [(init, dict(dtype=torch.float64)), (init, dict(memory_format=torch.channels_last))]
    worst = np.zeros(len(KINDS))
    for i in range(len(variants) + runs):
        begin, options = variants[i] if i < len(variants) else (noisy(init, i), {})
        steps, end = trajectory(case, expected, begin, **options)
        # From its own beginning: noise is not movement.
        moved = max(float(((end[k] - begin[k].double()) - (v - start[k])).norm() / (v - start[k]).norm()) for k, v in final.items())
        worst = np.maximum(worst, [*(abs(steps - want) / abs(want)).max(0), moved])
        if give_up and not (worst <= STEADY).all():
            break
    return worst


if __name__ == "__main__":
    unsteady = 0
    for case in sys.argv[1:]:
        worst = spread(case)
        steady = (worst <= STEADY).all()
        unsteady += not steady
        print(f"{case.rstrip('/').split('/')[-1]:24}", *(f"{k} {v:.1e}" for k, v in zip(KINDS, worst)), "" if steady else "not steady", flush=True)
    sys.exit(unsteady > 0)
