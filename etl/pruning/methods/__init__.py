"""Pruning methods, each only its own mathematics over an interface of `etl.pruning.pruner`.

Importing them loads no torch: what a method offers is known while a run is planned.
"""
