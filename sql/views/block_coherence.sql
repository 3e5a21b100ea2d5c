CREATE OR REPLACE VIEW block_coherence AS
-- One row per clustering of a real mask and order of its features. Every order is cut into blocks of the
-- sizes of the clusters, so that orders differ only in which features share a block.
WITH orders AS (
    SELECT
        clusterings.run_id,
        clusterings.matrix_id,
        clusterings.axis,
        assignments.clustering_id,
        list(assignments.cluster ORDER BY assignments.cluster, assignments.gradient_rank) AS slots,
        list(assignments.feature_index ORDER BY assignments.cluster, assignments.gradient_rank) AS by_cluster,
        list(assignments.feature_index ORDER BY assignments.gradient_rank) AS by_gradient,
        list(assignments.feature_index ORDER BY assignments.feature_index) AS by_index
    FROM real_clusterings AS clusterings
    INNER JOIN cluster_assignments AS assignments
        ON clusterings.clustering_id = assignments.clustering_id
    GROUP BY clusterings.run_id, clusterings.matrix_id, clusterings.axis, assignments.clustering_id
),

arranged AS (
    SELECT
        run_id,
        matrix_id,
        axis,
        clustering_id,
        slots,
        unnest([
            { 'name': 'cluster', 'features': by_cluster },
            { 'name': 'gradient', 'features': by_gradient },
            { 'name': 'stored', 'features': by_index }
        ]) AS arrangement
    FROM orders
),

blocks AS (
    SELECT
        arranged.run_id,
        arranged.matrix_id,
        arranged.axis,
        arranged.clustering_id,
        arranged.arrangement['name'] AS feature_order,
        unnest(arranged.arrangement['features']) AS feature_index,
        unnest(arranged.slots) AS block
    FROM arranged
),

merged AS (
    SELECT
        blocks.run_id,
        blocks.matrix_id,
        blocks.clustering_id,
        blocks.feature_order,
        blocks.block,
        count(*) AS feature_count,
        max(bit_length(masks.keep_mask)) AS position_count,
        bit_count(bit_or(masks.keep_mask)) AS occupied_count,
        sum(masks.kept_count) AS kept_count,
        -- A position is empty by chance when each feature of the block happens to prune it.
        product(1 - safe_ratio(masks.kept_count, bit_length(masks.keep_mask))) AS chance_empty_share
    FROM blocks
    INNER JOIN feature_masks AS masks
        ON
            blocks.run_id = masks.run_id
            AND blocks.matrix_id = masks.matrix_id
            AND blocks.axis = masks.axis
            AND blocks.feature_index = masks.feature_index
    GROUP BY ALL
),

shares AS (
    SELECT
        run_id,
        matrix_id,
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
    GROUP BY run_id, matrix_id, clustering_id, feature_order
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
INNER JOIN real_clusterings AS clusterings
    ON
        shares.run_id = clusterings.run_id
        AND shares.matrix_id = clusterings.matrix_id
        AND shares.clustering_id = clusterings.clustering_id;

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
