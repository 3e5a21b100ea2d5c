CREATE OR REPLACE MACRO sparsity_key(sparsity_asked) AS -- noqa: CP05
round(sparsity_asked, 2);

COMMENT ON MACRO sparsity_key IS -- noqa: PRS
'Sparsity to the nearest per cent: runs and measurements with equal keys count as equally sparse.';
