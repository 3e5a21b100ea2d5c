CREATE OR REPLACE MACRO block_width(cluster_size) AS -- noqa: CP05
CASE
    WHEN cluster_size >= 16 THEN 16
    WHEN cluster_size >= 8 THEN 8
    ELSE 4
END;

COMMENT ON MACRO block_width IS -- noqa: PRS
'Features per block for clusters of a size: the widest that block kernels have and such a cluster fills, at least 4.';
