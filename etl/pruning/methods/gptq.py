"""GPTQ: round column by column, each error made good by the weights that follow (arXiv 2210.17323).

It is SparseGPT's sweep with nothing pruned: a weight w becomes q(w), and (w − q(w)) / U_jj goes to later
columns.
"""

from __future__ import annotations

from typing import ClassVar

from etl.pruning.methods.sparsegpt import SparseGPT


class GPTQ(SparseGPT):
    """SparseGPT at sparsity 0."""

    prunes: ClassVar = False
