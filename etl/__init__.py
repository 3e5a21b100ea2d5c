"""Models, calibration, pruners, metrics, clustering, and the pipeline that loads them into the warehouse."""
