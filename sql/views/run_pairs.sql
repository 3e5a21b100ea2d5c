CREATE OR REPLACE VIEW run_pairs AS
-- One row per pair of runs of one model, the lower key first.
SELECT
    a.model_id,
    a.run_id AS run_id_a,
    b.run_id AS run_id_b,
    a.method AS method_a,
    b.method AS method_b,
    a.sparsity AS sparsity_a,
    b.sparsity AS sparsity_b,
    a.pattern AS pattern_a,
    b.pattern AS pattern_b
FROM pruning_runs AS a
INNER JOIN pruning_runs AS b ON a.model_id = b.model_id AND a.run_id < b.run_id;

COMMENT ON VIEW run_pairs IS
'One row per pair of runs of one model: what was asked of each.';
