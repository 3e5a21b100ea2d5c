CREATE OR REPLACE VIEW structured_matrices AS
-- One row per run and matrix whose mask is structured and clustered: its best clustering, and what blocks of
-- its clusters could skip.
WITH best AS (
    SELECT
        run_id,
        matrix_id,
        clustering_id,
        separation_excess,
        separation_ratio,
        separation_difference,
        null_ratio_mean,
        z_score,
        q_value,
        effect
    FROM separation_ratios
    WHERE is_structured
    QUALIFY
        row_number() OVER (
            PARTITION BY run_id, matrix_id
            -- Identical features have no ratio and are the best there can be.
            ORDER BY
                effect IS NOT DISTINCT FROM 'identical' DESC, separation_excess DESC NULLS LAST, clustering_id
        ) = 1
),

clusters AS (
    SELECT
        best.clustering_id,
        assignments.cluster,
        count(*) AS feature_count,
        max(bit_length(masks.keep_mask)) AS position_count,
        bit_count(bit_or(masks.keep_mask)) AS occupied_count
    FROM best
    INNER JOIN real_clusterings AS clusterings ON best.clustering_id = clusterings.clustering_id
    INNER JOIN cluster_assignments AS assignments ON best.clustering_id = assignments.clustering_id
    INNER JOIN feature_masks AS masks
        ON
            clusterings.run_id = masks.run_id
            AND clusterings.matrix_id = masks.matrix_id
            AND clusterings.axis = masks.axis
            AND assignments.feature_index = masks.feature_index
    GROUP BY best.clustering_id, assignments.cluster
),

skips AS (
    SELECT
        clustering_id,
        median(feature_count) AS median_cluster_size,
        1 - safe_ratio(sum(feature_count * occupied_count), sum(feature_count * position_count))
            AS skippable_share
    FROM clusters
    GROUP BY clustering_id
)

SELECT
    best.run_id,
    best.matrix_id,
    best.clustering_id,
    best.separation_excess,
    best.separation_ratio,
    best.separation_difference,
    best.null_ratio_mean,
    best.z_score,
    best.q_value,
    best.effect,
    skips.median_cluster_size,
    skips.skippable_share
FROM best
INNER JOIN skips ON best.clustering_id = skips.clustering_id;

COMMENT ON VIEW structured_matrices IS
'One row per run and matrix whose mask is structured and clustered: its best clustering, and what blocks of its clusters could skip.';
COMMENT ON COLUMN structured_matrices.median_cluster_size IS 'Median number of features in a cluster';
