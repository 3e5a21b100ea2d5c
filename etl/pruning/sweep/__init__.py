"""The sweep over the columns of a matrix that SparseGPT and GPTQ share: factor, loop and GPU kernel."""
