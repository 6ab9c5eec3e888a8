"""Draws the data for measuring how long a step waits for pictures: JPEGs as shops have them, each used once an epoch.

    python pictures.py OUT --triplets 80     writes OUT/csv/sample_set.csv, OUT/csv/triplets.tsv, OUT/images/*.jpg (1080 x 1440)
"""
import argparse, os

import numpy as np
from PIL import Image

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("out")
p.add_argument("--triplets", type=int, default=80)
p.add_argument("--width", type=int, default=1080)
p.add_argument("--height", type=int, default=1440)
a = p.parse_args()
rng = np.random.default_rng(1)
for folder in ("csv", "images"):
    os.makedirs(f"{a.out}/{folder}", exist_ok=True)
with open(f"{a.out}/csv/sample_set.csv", "w") as f:
    f.write("_category\t_color\t_id\t_gender\t_name\n")
    for i in range(3 * a.triplets):
        f.write(f"cat{i % 7}\tcolour{i % 5}\t{1000 + i}\tf\t{i}.jpg\n")
        coarse = Image.fromarray(rng.integers(0, 256, (24, 18, 3), dtype=np.uint8)).resize((a.width, a.height), Image.BICUBIC)
        fine = rng.normal(0, 6, (a.height, a.width, 1))  # as fabric and a camera's noise: an empty picture decodes faster
        Image.fromarray(np.clip(np.asarray(coarse) + fine, 0, 255).astype(np.uint8)).save(f"{a.out}/images/{i}.jpg", quality=90)
with open(f"{a.out}/csv/triplets.tsv", "w") as f:
    f.write("q\tp\tn\n" + "".join(f"{3 * i}\t{3 * i + 1}\t{3 * i + 2}\n" for i in range(a.triplets)))
