"""Writes a VGG-16 of torchvision with random weights, and fc7's features of two drawn pictures: what --init is checked against.

    python torchvision_vgg16.py OUT [--seed 1] [--size 224]
        writes OUT/vgg16.safetensors   the state dict as it is (553 MB)
               OUT/images/{0,1}.png    two pictures, SIZE x SIZE
               OUT/sample_set.csv      their metadata
               OUT/fc7.safetensors     fc7 [2][4096]: classifier[:5] in eval mode, that is after the second ReLU;
                                       pixels [2][SIZE][SIZE][3]: the pictures' bytes as numbers; features [2][512][7][7]
"""
import argparse, os

import numpy as np
import torch
import torchvision
from PIL import Image, ImageDraw
from safetensors.torch import save_file

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet, RGB, on pixels in [0, 1]

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("out")
p.add_argument("--seed", type=int, default=1)
p.add_argument("--size", type=int, default=224)
a = p.parse_args()

torch.manual_seed(a.seed)
rng = np.random.default_rng(a.seed)
model = torchvision.models.vgg16(weights=None).eval()
with torch.no_grad():
    for name, v in model.named_parameters():
        if v.dim() == 1:  # torchvision's biases start at zero: a bias that is lost or swapped would not show
            torch.nn.init.normal_(v, 0, 0.05)
os.makedirs(f"{a.out}/images", exist_ok=True)
save_file({k: v.contiguous() for k, v in model.state_dict().items()}, f"{a.out}/vgg16.safetensors")

pictures = []
for i in range(2):
    im = Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).resize((a.size, a.size), Image.BICUBIC)
    d = ImageDraw.Draw(im)
    for _ in range(4):
        x, y, w, h = (int(v) for v in rng.integers(10, a.size // 2, 4))
        d.ellipse([x, y, x + w, y + h], fill=tuple(int(v) for v in rng.integers(0, 255, 3)))
    im.save(f"{a.out}/images/{i}.png")
    pictures.append(np.asarray(im))
with open(f"{a.out}/sample_set.csv", "w") as f:
    f.write("_category\t_color\t_id\t_gender\t_name\n" + "".join(f"cat{i}\tRed\t{i}\tf\t{i}.png\n" for i in range(2)))

pixels = torch.tensor(np.stack(pictures), dtype=torch.float32)
x = ((pixels / 255 - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2).contiguous()
with torch.no_grad():
    features = model.features(x)
    fc7 = model.classifier[:5](model.avgpool(features).flatten(1))
save_file(dict(fc7=fc7.contiguous(), features=features.contiguous(), pixels=pixels), f"{a.out}/fc7.safetensors")
