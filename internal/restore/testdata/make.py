"""Writes the files of TestInitialTorch with PyTorch: python internal/restore/testdata/make.py. Needs: torch."""
import os

import torch

here = os.path.dirname(os.path.abspath(__file__))
values = {"embed.bias": torch.tensor([0.5, 1.0, 1.5, 2.0]), "classifier.6.bias": torch.zeros(3)}
torch.save(values, f"{here}/init.pth")
torch.save(values, f"{here}/init-legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"embed.bias": torch.zeros(5)}, f"{here}/shape.pth")
torch.save({"embed.bias": torch.zeros(4, dtype=torch.int64)}, f"{here}/integers.pth")
torch.save(torch.nn.Linear(2, 2), f"{here}/model.pth")  # the model itself, not its state dict
