CREATE OR REPLACE MACRO student_t_975(degrees_of_freedom) AS -- noqa: CP05
CASE
    WHEN degrees_of_freedom < 1 THEN NULL
    WHEN degrees_of_freedom <= 9
        THEN
            [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622][
                degrees_of_freedom::INTEGER
            ]
    -- The Cornish-Fisher expansion about the normal quantile, good to 0.0002 from here on.
    ELSE
        1.959964 + safe_ratio(2.372271, degrees_of_freedom) + safe_ratio(2.822499, degrees_of_freedom ** 2)
        + safe_ratio(2.555850, degrees_of_freedom ** 3)
END;

COMMENT ON MACRO student_t_975 IS -- noqa: PRS
'97.5% quantile of Student''s t distribution: half the width of a 95% confidence interval, in standard errors.';
