"""Pruning methods, each only its own mathematics: scores, masks and weight updates of one matrix.

Only `etl.pruning.request` may be imported without torch, so nothing is re-exported here.
"""
