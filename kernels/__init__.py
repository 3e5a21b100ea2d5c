"""Sparse weight formats, their Triton kernels and the benchmark that decides between them.

Knows no database and no model library: torch and triton are all it needs.
"""

__version__ = "0.1.0"
