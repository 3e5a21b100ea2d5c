CREATE OR REPLACE MACRO worthwhile_block_share() AS 0.3; -- noqa: CP05

COMMENT ON MACRO worthwhile_block_share IS -- noqa: PRS
'Share of wholly pruned blocks, or of weights in them, above which skipping blocks is considered: what the research code calls good.';
