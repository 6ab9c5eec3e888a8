"""Leaves the largest weights out of final.safetensors, so that the committed cases stay small.

    python thin_final.py FILE...

What stays: every tensor of at most 10,000 numbers, and features.28.weight, the last convolution. What is left out
(the other wide convolutions) still counts: the losses of steps 2 to 5 and every parameter that stays depend on it.
The cases of `make_parity.sh all` keep everything.
"""
import sys

from safetensors.torch import load_file, save_file

LARGEST = 10_000
ALWAYS = {"features.28.weight"}

for path in sys.argv[1:]:
    tensors = load_file(path)
    save_file({k: v for k, v in tensors.items() if v.numel() <= LARGEST or k in ALWAYS}, path)
