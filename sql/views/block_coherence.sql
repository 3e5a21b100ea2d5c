CREATE OR REPLACE VIEW block_coherence AS
-- One row per clustering of a real mask and order of its features. Every order is cut into blocks of the
-- sizes of the clusters, so that orders differ only in which features share a block.
WITH places AS (
    SELECT
        assignments.clustering_id,
        assignments.feature_index,
        assignments.cluster,
        row_number() OVER clustered AS cluster_place,
        row_number() OVER gradient AS gradient_place,
        row_number() OVER stored AS stored_place
    FROM cluster_assignments AS assignments
    WINDOW
        clustered AS (
            PARTITION BY assignments.clustering_id ORDER BY assignments.cluster, assignments.gradient_rank
        ),
        gradient AS (PARTITION BY assignments.clustering_id ORDER BY assignments.gradient_rank),
        stored AS (PARTITION BY assignments.clustering_id ORDER BY assignments.feature_index)
),

blocks AS (
    SELECT
        clustering_id,
        'cluster' AS feature_order,
        feature_index,
        cluster AS block
    FROM places
    UNION ALL
    SELECT
        places.clustering_id,
        'gradient' AS feature_order,
        places.feature_index,
        slots.cluster AS block
    FROM places
    INNER JOIN places AS slots
        ON places.clustering_id = slots.clustering_id AND places.gradient_place = slots.cluster_place
    UNION ALL
    SELECT
        places.clustering_id,
        'stored' AS feature_order,
        places.feature_index,
        slots.cluster AS block
    FROM places
    INNER JOIN places AS slots
        ON places.clustering_id = slots.clustering_id AND places.stored_place = slots.cluster_place
),

merged AS (
    SELECT
        clusterings.clustering_id,
        blocks.feature_order,
        blocks.block,
        count(*) AS feature_count,
        max(bit_length(masks.keep_mask)) AS position_count,
        bit_count(bit_or(masks.keep_mask)) AS occupied_count,
        sum(masks.kept_count) AS kept_count,
        -- A position is empty by chance when each feature of the block happens to prune it.
        product(1 - safe_ratio(masks.kept_count, bit_length(masks.keep_mask))) AS chance_empty_share
    FROM blocks
    INNER JOIN real_clusterings AS clusterings ON blocks.clustering_id = clusterings.clustering_id
    INNER JOIN feature_masks AS masks
        ON
            clusterings.run_id = masks.run_id
            AND clusterings.matrix_id = masks.matrix_id
            AND clusterings.axis = masks.axis
            AND blocks.feature_index = masks.feature_index
    GROUP BY ALL
),

shares AS (
    SELECT
        clustering_id,
        feature_order,
        count(*) AS cluster_count,
        avg(feature_count) AS mean_block_size,
        1 - safe_ratio(sum(occupied_count), sum(position_count)) AS block_coherence,
        avg(chance_empty_share) AS chance_block_coherence,
        1 - safe_ratio(sum(feature_count * occupied_count), sum(feature_count * position_count))
            AS skippable_share,
        safe_ratio(sum(feature_count * chance_empty_share), sum(feature_count)) AS chance_skippable_share,
        1 - safe_ratio(sum(kept_count), sum(feature_count * position_count)) AS pruned_share
    FROM merged
    GROUP BY clustering_id, feature_order
)

SELECT
    clusterings.*,
    shares.feature_order,
    shares.cluster_count,
    shares.mean_block_size,
    shares.block_coherence,
    shares.chance_block_coherence,
    shares.skippable_share,
    shares.chance_skippable_share,
    shares.pruned_share,
    CASE
        WHEN shares.block_coherence <= worthwhile_block_share() THEN 'too low to skip blocks'
        WHEN shares.skippable_share < structured_excess() * shares.chance_skippable_share
            THEN 'high, but at chance'
        WHEN shares.skippable_share < shares.pruned_share / 2 THEN 'high by small blocks alone'
        ELSE 'good: blocks can be skipped'
    END AS verdict
FROM shares
INNER JOIN real_clusterings AS clusterings ON shares.clustering_id = clusterings.clustering_id;

COMMENT ON VIEW block_coherence IS
'One row per clustering and feature order: share of blocks, one position by a group of features, that are wholly pruned.';
COMMENT ON COLUMN block_coherence.feature_order IS 'cluster, gradient (by distance to the reference) or stored; blocks have the sizes of the clusters in each';
COMMENT ON COLUMN block_coherence.cluster_count IS 'Groups of features';
COMMENT ON COLUMN block_coherence.mean_block_size IS 'Mean number of features in a block';
COMMENT ON COLUMN block_coherence.block_coherence IS 'Share of the blocks that are wholly pruned';
COMMENT ON COLUMN block_coherence.chance_block_coherence IS 'Block coherence expected of independent masks with the kept counts of these features';
COMMENT ON COLUMN block_coherence.skippable_share IS 'Share of the weights that lie in wholly pruned blocks; small blocks do not inflate it';
COMMENT ON COLUMN block_coherence.chance_skippable_share IS 'Skippable share expected of independent masks with the kept counts of these features';
COMMENT ON COLUMN block_coherence.pruned_share IS 'Share of the weights of these features that are pruned: the most that could be skipped';
COMMENT ON COLUMN block_coherence.verdict IS 'Whether skipping blocks could pay, in words';
