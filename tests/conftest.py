"""Without a GPU, Triton kernels run in its interpreter; Triton must be told before it is first imported."""

import os

import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"
