CREATE OR REPLACE MACRO block_width(cluster_size) AS -- noqa: CP05
CASE
    WHEN cluster_size >= 16 THEN 16
    WHEN cluster_size >= 8 THEN 8
    ELSE 4
END;

COMMENT ON MACRO block_width IS -- noqa: PRS
'Features a block for clusters of such a size: the widest that block kernels have and that the cluster fills.';
