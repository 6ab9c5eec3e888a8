"""Writes peers.safetensors with the Python package and expected.txt with the
float32 bits that its tensors have after tensor.float(), one tensor a line.

    python testdata/make.py        (in checkpoints/; needs torch, numpy and safetensors)

Made with torch 2.15, numpy 2.4 and safetensors 0.8.
"""
import numpy as np
import torch
from safetensors.torch import save_file

rng = np.random.default_rng(7)


def bits(values, width):
    """A tensor from bit patterns."""
    ints = {16: np.int16, 32: np.int32, 64: np.int64}[width]
    return torch.from_numpy(np.array(values, dtype=f"uint{width}").view(ints))


special16 = [0, 0x8000, 1, 0x8001, 0x3FF, 0x400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x3555, 0x03FE]
half = bits(special16 + [int(v) for v in rng.integers(0, 0x7C00, 50)], 16).view(torch.float16)
brain = bits([0, 0x8000, 1, 0x8001, 0x7F, 0x80, 0x3F80, 0xBF80, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80]
             + [int(v) for v in rng.integers(0, 0x7F80, 20)], 16).view(torch.bfloat16)
single = bits([0, 0x80000000, 1, 0x80000001, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC12345, 0x3F800001, 0xC0490FDB],
              32).view(torch.float32)
double = torch.tensor([0.0, -0.0, 1.0, 1 / 3, -2.5, 1 + 2**-24, 1 + 3 * 2**-24, 1 + 2**-24 + 2**-40, 3.4028234e38, 3.4028236e38,
                       1e300, -1e300, 1e-40, 1e-45, 7e-46, 1e-320, float("inf"), float("-inf")], dtype=torch.float64)
tensors = {
    "single": single.reshape(3, 2, 2),
    "half": half.reshape(8, 8),
    "brain": brain.reshape(2, 16),
    "double": double,
    "scalar": torch.tensor(2.5),
    "none": torch.zeros(0, 3),
    'odd name "é\\\n<>&': torch.tensor([1.5, -2.0]),
    "steps": torch.tensor([1, 2, 3]),
}
save_file(tensors, "testdata/peers.safetensors", metadata={"format": "pt", "note": 'a "quoted" é\n<line>'})
with open("testdata/expected.txt", "w") as f:
    for name in ["single", "half", "brain", "double", "scalar", "none"]:
        v = tensors[name].float().numpy().view(np.uint32).ravel()
        f.write(name + " " + ",".join(map(str, tensors[name].shape)) + " " + " ".join(f"{x:08x}" for x in v) + "\n")
