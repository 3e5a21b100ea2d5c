CREATE OR REPLACE MACRO pair_total(item_count) AS -- noqa: CP05
item_count * (item_count - 1) / 2;

COMMENT ON MACRO pair_total IS -- noqa: PRS
'Number of unordered pairs among so many items.';
