CREATE OR REPLACE VIEW perplexity_over_seeds AS
-- One row per model, way of pruning it, kind of calibration set and evaluation text, over calibration seeds.
WITH measured AS (
    SELECT
        runs.model_id,
        runs.method,
        runs.sparsity,
        runs.pattern,
        runs.scope,
        runs.value_format,
        runs.group_size,
        runs.allocation,
        runs.refinement,
        runs.settings,
        calibrations.source AS calibration_source,
        calibrations.sample_count,
        calibrations.sequence_length,
        perplexities.dataset,
        perplexities."window",
        perplexities.token_count,
        perplexities.perplexity
    FROM pruning_runs AS runs
    INNER JOIN perplexities ON runs.run_id = perplexities.run_id
    LEFT JOIN calibrations ON runs.calibration_id = calibrations.calibration_id
),

summaries AS (
    SELECT
        * EXCLUDE (perplexity),
        count(*) AS seed_count,
        avg(perplexity) AS mean_perplexity,
        stddev_samp(perplexity) AS perplexity_sd
    FROM measured
    GROUP BY ALL
),

halves AS (
    SELECT
        *,
        safe_ratio(student_t_975(seed_count - 1), sqrt(seed_count)) * perplexity_sd AS half_width
    FROM summaries
)

SELECT
    * EXCLUDE (half_width),
    mean_perplexity - half_width AS perplexity_low,
    mean_perplexity + half_width AS perplexity_high
FROM halves;

COMMENT ON VIEW perplexity_over_seeds IS
'One row per model, way of pruning it and evaluation text: mean perplexity over the calibration seeds, with its 95% confidence interval.';
COMMENT ON COLUMN perplexity_over_seeds.value_format IS 'How kept values are stored in the runs averaged; NULL where not known';
COMMENT ON COLUMN perplexity_over_seeds.calibration_source IS 'Where the text or the token ids of the calibration come from: stdlib, or a file or folder';
COMMENT ON COLUMN perplexity_over_seeds.sample_count IS 'Number of calibration sequences';
COMMENT ON COLUMN perplexity_over_seeds.sequence_length IS 'Tokens in each calibration sequence';
COMMENT ON COLUMN perplexity_over_seeds.seed_count IS 'Number of runs averaged, one per calibration seed';
COMMENT ON COLUMN perplexity_over_seeds.mean_perplexity IS 'Mean perplexity of the runs';
COMMENT ON COLUMN perplexity_over_seeds.perplexity_sd IS 'Standard deviation of the perplexity; NULL for one run';
COMMENT ON COLUMN perplexity_over_seeds.perplexity_low IS 'Lower end of the 95% confidence interval of the mean; NULL for one run';
COMMENT ON COLUMN perplexity_over_seeds.perplexity_high IS 'Upper end of the 95% confidence interval of the mean; NULL for one run';
