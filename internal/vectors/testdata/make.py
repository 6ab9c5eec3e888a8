"""Writes what numpy writes, for the reader of .npy files, and the bits of float16 that numpy rounds to.

    python make.py        (needs numpy; writes beside itself)
"""
import json, os

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(3)
x = rng.standard_normal((5, 3)).astype(np.float32)
np.save(os.path.join(here, "float32.npy"), x)
np.save(os.path.join(here, "float16.npy"), x.astype(np.float16))
np.lib.format.write_array(open(os.path.join(here, "version2.npy"), "wb"), x, version=(2, 0))
np.save(os.path.join(here, "float64.npy"), x.astype(np.float64))
np.save(os.path.join(here, "fortran.npy"), np.asfortranarray(x))
np.save(os.path.join(here, "flat.npy"), x.ravel())

# Float32 whose rounding is worth a look, and random ones of every size.
bits = [0, 1 << 31, 0x33000000, 0x33000001, 0x33800000, 0x387FC000, 0x387FE000, 0x387FFFFF, 0x38800000, 0x477FE000, 0x477FEFFF, 0x477FF000, 0x47800000,
        0x7F800000, 0xFF800000, 0x7FC00000, 0x3F801000, 0x3F801001, 0x3F803000, 0x3F7FF000, 0x3F7FFFFF]
bits += rng.integers(0x30000000, 0x48000000, 200).tolist()
f = np.array(bits, dtype=np.uint32).view(np.float32)
with np.errstate(over="ignore"):
    h = f.astype(np.float16).view(np.uint16)
json.dump({"values": x.ravel().view(np.uint32).tolist(), "float32": [int(b) for b in bits], "float16": h.tolist()},
          open(os.path.join(here, "expected.json"), "w"), separators=(",", ":"))
