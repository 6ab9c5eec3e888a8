"""Writes small.json: what PyTorch computes for the operations around the convolutions.

    python small.py        (needs torch and numpy; writes beside itself)
"""
import json, os

import numpy as np
import torch
import torch.nn.functional as F

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def nhwc(x):
    return bits(x.permute(0, 2, 3, 1))


def bits(x):  # float32 as its bit pattern, so that NaN, infinity and every last bit come through
    return x.detach().contiguous().flatten().numpy().view(np.uint32).tolist()


def leaf(x):
    return x.clone().requires_grad_(True)


def pool(seed, n, h, w, c, kernel, stride, pad, special):
    g = torch.Generator().manual_seed(seed)
    x = torch.randint(-3, 4, (n, c, h, w), generator=g).float()  # many equal values
    for v in special:
        x[torch.rand(x.shape, generator=g) < 0.1] = v
    x = leaf(x)
    y, where = F.max_pool2d(x, kernel, stride, pad, return_indices=True)
    dy = torch.randn(y.shape, generator=g)
    y.backward(dy)
    iy, ix = where // w, where % w  # torch gives the place in the map; ours is the place in the window
    oy = torch.arange(y.shape[2]).view(1, 1, -1, 1) * stride - pad
    ox = torch.arange(y.shape[3]).view(1, 1, 1, -1) * stride - pad
    index = (iy - oy) * kernel + ix - ox
    return dict(images=n, height=h, width=w, channels=c, kernel=kernel, stride=stride, pad=pad, x=nhwc(x), y=nhwc(y),
                index=index.permute(0, 2, 3, 1).flatten().tolist(), dy=nhwc(dy), dx=nhwc(x.grad))


def average(seed, n, h, w, c, kernel):
    g = torch.Generator().manual_seed(seed)
    x = leaf(torch.randn(n, c, h, w, generator=g))
    y = F.avg_pool2d(x, kernel)
    dy = torch.randn(y.shape, generator=g)
    y.backward(dy)
    return dict(images=n, height=h, width=w, channels=c, kernel=kernel, x=nhwc(x), y=nhwc(y), dy=nhwc(dy), dx=nhwc(x.grad))


def heads(seed, n, h, w, c):
    g = torch.Generator().manual_seed(seed)
    x = leaf(torch.randn(n, c, h, w, generator=g))
    y = x.mean((2, 3))
    dy = torch.randn(y.shape, generator=g)
    y.backward(dy)
    return dict(images=n, height=h, width=w, channels=c, x=nhwc(x), y=bits(y), dy=bits(dy), dx=nhwc(x.grad), flat=bits(x.flatten(1)))


def normalize(seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(5, 7, generator=g)
    x[1] = 0
    x[2] *= 1e-14  # below the smallest length
    x[3] *= 1e-10
    x = leaf(x)
    y = F.normalize(x)
    dy = torch.randn(y.shape, generator=g)
    y.backward(dy)
    return dict(rows=5, cols=7, x=bits(x), y=bits(y), dy=bits(dy), dx=bits(x.grad))


def distances(seed, b, dim):
    g = torch.Generator().manual_seed(seed)
    e = leaf(torch.randn(3 * b, dim, generator=g))
    q, p, n = e.chunk(3)
    dp, dn = (q - p).square().sum(1), (q - n).square().sum(1)
    gp, gn = torch.randn(b, generator=g), torch.randn(b, generator=g)
    (dp * gp + dn * gn).sum().backward()
    return dict(b=b, dim=dim, e=bits(e), dp=bits(dp), dn=bits(dn), gp=bits(gp), gn=bits(gn), de=bits(e.grad))


def pixels():
    v = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)  # each value once in each colour
    x = (torch.tensor(np.asarray(v, dtype=np.float32) / 255) - torch.tensor(MEAN)) / torch.tensor(STD)
    return dict(pixels=v.flatten().tolist(), x=bits(x))


inf, nan = float("inf"), float("nan")
out = dict(
    torch=torch.__version__,
    pools=[pool(1, 2, 4, 6, 3, 2, 2, 0, []), pool(2, 1, 7, 5, 3, 2, 2, 0, [nan, inf, -inf]), pool(3, 1, 9, 9, 2, 7, 4, 3, [nan]),
           pool(4, 1, 2, 2, 5, 7, 4, 3, []), pool(5, 2, 7, 5, 2, 3, 2, 1, [-inf]), pool(6, 1, 4, 4, 3, 2, 2, 0, [-inf, -inf, -inf, -inf])],
    averages=[average(7, 1, 8, 12, 3, 4), average(8, 1, 8, 16, 3, 8)],
    heads=[heads(9, 2, 3, 2, 5)],
    normalize=[normalize(10)],
    distances=[distances(11, 2, 5), distances(12, 1, 13)],
    pixels=pixels(),
)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "small.json"), "w") as f:
    json.dump(out, f, separators=(",", ":"))
    f.write("\n")
