CREATE OR REPLACE MACRO published_activation_sparsity() AS 0.9; -- noqa: CP05

COMMENT ON MACRO published_activation_sparsity IS -- noqa: PRS
'Share that lies below the thresholds of the research code, threshold_90 in reference_results.';
