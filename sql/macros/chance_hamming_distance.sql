CREATE OR REPLACE MACRO chance_hamming_distance(kept_a, kept_b, position_count) AS -- noqa: CP05
safe_ratio(
    kept_a * (position_count - kept_b) + kept_b * (position_count - kept_a), position_count * position_count
);

COMMENT ON MACRO chance_hamming_distance IS -- noqa: PRS
'Expected Hamming distance of two masks drawn independently with the given kept counts.';
