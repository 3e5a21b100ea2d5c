CREATE OR REPLACE MACRO poisson_binomial_at_most(successes, probabilities) AS -- noqa: CP05
list_sum(list_slice(
    list_reduce( -- noqa: LT01
        list_transform(probabilities, LAMBDA p: [1 - p::DOUBLE, p::DOUBLE]), -- noqa: PRS
        LAMBDA sums, trial:
        list_transform(
            range(len(sums) + 1)::INTEGER[],
            LAMBDA place: coalesce(sums[place + 1], 0) * trial[1] + coalesce(sums[place], 0) * trial[2]
        )
    ),
    1,
    successes + 1
));

COMMENT ON MACRO poisson_binomial_at_most IS -- noqa: PRS
'Probability of at most so many successes in independent trials, each with its own probability.';
