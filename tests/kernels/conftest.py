"""Triton kernels run in the interpreter unless a GPU is there; must be decided before Triton is imported."""

import os

import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"
