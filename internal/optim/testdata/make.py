"""Writes torch.json: what PyTorch's optimisers, gradient clipping and schedules compute.

    python make.py        (needs torch; writes beside itself)
"""
import json, os

import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LinearLR, SequentialLR, StepLR

STEPS, SHAPES = 5, {"a.weight": (3, 4), "a.bias": (5,)}


def start(seed):
    g = torch.Generator().manual_seed(seed)
    draw = lambda: {k: torch.randn(s, generator=g) for k, s in SHAPES.items()}
    return draw(), [draw() for _ in range(STEPS)]


def flat(tensors):
    return {k: v.detach().flatten().tolist() for k, v in tensors.items()}


def trajectory(name, make, lrs, clip=0.0, **config):
    values, grads = start(sum(map(ord, name)))
    params = {k: torch.nn.Parameter(v.clone()) for k, v in values.items()}
    opt = make(params.values())
    steps = []
    for lr, grad in zip(lrs, grads):
        for group in opt.param_groups:
            group["lr"] = lr
        for k, p in params.items():
            p.grad = grad[k].clone()
        norm = torch.nn.utils.clip_grad_norm_(params.values(), clip if clip else 1e30).item()
        opt.step()
        slots = {}
        for k, p in params.items():
            for slot, v in opt.state[p].items():
                if slot != "step" and v is not None:
                    slots.setdefault(slot, {})[k] = v.flatten().tolist()
        steps.append(dict(lr=lr, grads=flat(grad), norm=norm, values=flat(params), state=slots))
    return dict(name=name, clip=clip, start=flat(values), steps=steps, **config)


def sgd(name, momentum, decay, nesterov, clip=0.0):
    make = lambda p: torch.optim.SGD(p, lr=0.1, momentum=momentum, weight_decay=decay, nesterov=nesterov)
    return trajectory(name, make, [0.1, 0.1, 0.05, 0.01, 0.2], clip,
                      optimizer="sgd", momentum=momentum, weight_decay=decay, nesterov=nesterov)


def adamw(name, decay, clip=0.0):
    make = lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=decay)
    return trajectory(name, make, [0.1, 0.1, 0.05, 0.01, 0.2], clip,
                      optimizer="adamw", momentum=0, weight_decay=decay, nesterov=False)


def schedule(name, kind, base, warmup, total, every=0, factor=0.0):
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    after = dict(constant=lambda: ConstantLR(opt, 1.0, 0), step=lambda: StepLR(opt, every, factor),
                 cosine=lambda: CosineAnnealingLR(opt, total - warmup))[kind]
    if warmup:
        up = LinearLR(opt, 1 / warmup, 1.0, warmup - 1)
        s = SequentialLR(opt, [up, after()], [warmup])
    else:
        s = after()
    lrs = []
    for _ in range(total + 1):
        lrs.append(opt.param_groups[0]["lr"])
        opt.step()
        s.step()
    return dict(name=name, kind=kind, base=base, warmup=warmup, total=total, step_every=every, step_factor=factor, lrs=lrs)


out = dict(
    torch=torch.__version__,
    trajectories=[
        sgd("sgd", 0, 0, False),
        sgd("sgd, decay", 0, 5e-4, False),
        sgd("sgd, momentum", 0.9, 0, False),
        sgd("sgd, momentum, decay", 0.9, 5e-4, False),
        sgd("sgd, large decay", 0.9, 0.1, False),
        sgd("sgd, Nesterov", 0.9, 0, True),
        sgd("sgd, Nesterov, decay", 0.9, 5e-4, True),
        sgd("sgd, momentum, decay, clipped", 0.9, 5e-4, False, 1.5),
        sgd("sgd, decay, clipped", 0, 5e-4, False, 1.5),
        sgd("sgd, Nesterov, decay, clipped", 0.9, 5e-4, True, 1.5),
        adamw("adamw", 0),
        adamw("adamw, decay", 0.01),
        adamw("adamw, large decay, clipped", 0.5, 1.5),
    ],
    schedules=[
        schedule("constant", "constant", 0.1, 0, 10),
        schedule("constant, warm-up", "constant", 0.1, 4, 10),
        schedule("step", "step", 0.1, 0, 20, 6, 0.5),
        schedule("step, warm-up", "step", 0.001, 5, 20, 3, 0.1),
        schedule("cosine", "cosine", 0.1, 0, 16),
        schedule("cosine, warm-up", "cosine", 0.1, 3, 20),
    ],
)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch.json"), "w") as f:
    json.dump(out, f, indent=None, separators=(",", ":"))
    f.write("\n")
