CREATE OR REPLACE VIEW model_overview AS
-- One row per run and matrix, with the figures the first screen shows.
WITH chosen AS (
    -- K-means where it was run, at the largest k and in the smallest neighbourhood, averaged over reference
    -- features and seeds.
    SELECT
        run_id,
        matrix_id,
        min((algorithm <> 'kmeans', algorithm, distance, -k, neighbour_count)) AS variant
    FROM real_clusterings
    GROUP BY run_id, matrix_id
),

separations AS (
    SELECT
        ratios.run_id,
        ratios.matrix_id,
        any_value(ratios.k) AS k,
        avg(ratios.separation_ratio) AS separation_ratio,
        avg(ratios.separation_ratio_macro) AS separation_ratio_macro,
        avg(ratios.null_ratio_mean) AS null_ratio_mean,
        avg(ratios.null_ratio_macro_mean) AS null_ratio_macro_mean,
        avg(ratios.z_score) AS z_score,
        avg(ratios.singleton_count) AS singleton_count
    FROM separation_ratios AS ratios
    INNER JOIN chosen
        ON
            ratios.run_id = chosen.run_id
            AND ratios.matrix_id = chosen.matrix_id
            AND ratios.algorithm = chosen.variant[2]
            AND ratios.distance = chosen.variant[3]
            AND ratios.k = -chosen.variant[4]
            AND ratios.neighbour_count = chosen.variant[5]
    GROUP BY ratios.run_id, ratios.matrix_id
)

SELECT
    matrices.*,
    separations.k,
    separations.separation_ratio,
    separations.separation_ratio_macro,
    separations.null_ratio_mean,
    separations.null_ratio_macro_mean,
    separations.z_score,
    separations.singleton_count,
    formats.best_speedup,
    formats.best_kernel,
    formats.best_device,
    safe_ratio(separations.separation_ratio, separations.null_ratio_mean) AS separation_excess,
    evidence.q_value,
    evidence.evidence,
    evidence.is_structured
FROM pruned_matrices AS matrices
LEFT JOIN separations ON matrices.run_id = separations.run_id AND matrices.matrix_id = separations.matrix_id
INNER JOIN matrix_evidence AS evidence
    ON matrices.run_id = evidence.run_id AND matrices.matrix_id = evidence.matrix_id
LEFT JOIN fastest_formats AS formats
    ON matrices.run_id = formats.run_id AND matrices.matrix_id = formats.matrix_id;

COMMENT ON VIEW model_overview IS
'One row per run and matrix: sparsity, reconstruction error, separation against chance, best measured speed-up.';
COMMENT ON COLUMN model_overview.k IS 'Largest number of clusters asked for; the separation columns are for it, averaged over references and seeds';
