CREATE OR REPLACE MACRO binomial_at_most(successes, trials, probability) AS -- noqa: CP05
list_sum(list_transform(
    range(successes + 1)::INTEGER[],
    LAMBDA hits:
    safe_ratio(factorial(trials)::DOUBLE, factorial(hits)::DOUBLE * factorial(trials - hits)::DOUBLE)
    * probability ** hits * (1 - probability) ** (trials - hits)
));

COMMENT ON MACRO binomial_at_most IS -- noqa: PRS
'Cumulative binomial distribution: probability of at most so many successes in independent trials.';
