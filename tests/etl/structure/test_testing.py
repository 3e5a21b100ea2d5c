"""Every matrix of a run is tested, and tests are corrected for their number."""

import duckdb
import numpy as np
import pytest
from scipy import stats

from etl.structure.sequential import LARGEST, NEAREST, Outcome, carry_on
from etl.structure.testing import effect_of, q_values, run_tests, undecided
from tests.sample_rows import Rows
from warehouse import schema


@pytest.fixture
def rows() -> Rows:
    """An empty warehouse with one 2:4 run."""
    connection = duckdb.connect(":memory:")
    schema.build(connection)
    rows = Rows(connection)
    rows.run(1, pattern="2:4")
    return rows


def outcome(observed: float, replicates: int, sign: int = 1) -> Outcome:
    """An outcome none of whose replicates, all about 1, is as extreme."""
    levels = 1 + 0.01 * np.random.default_rng(0).normal(size=(replicates, 1))
    return Outcome(LARGEST, sign, np.array([observed]), levels)


def test_q_values_by_hand() -> None:
    """The smallest of three p-values counts thrice."""
    assert q_values([0.01, 0.04, 0.9]) == pytest.approx([0.03, 0.06, 0.9])
    assert len(q_values([])) == 0


def test_more_replicates_are_drawn_where_they_could_decide() -> None:
    """One test in 30 cannot be significant with 1/40; a mask that is as its replicates never will be."""
    tested = {(place, "input", LARGEST): outcome(1.0, 39) for place in range(29)}
    tested[29, "input", LARGEST] = outcome(5.0, 39)
    assert undecided(tested, 39) == {(29, "input", LARGEST)}
    # Where two of three tests stand at 1/40, that is significant.
    most = {key: outcome(5.0 if key[0] % 3 else 1.0, 39) for key in tested}
    assert undecided(most, 39) == set()
    # 1/600 × 30 = 0.05: even a single one is decided from here on.
    assert undecided(tested, 599) == {(29, "input", LARGEST)}
    assert undecided(tested, 600) == set()


def test_effects_by_hand() -> None:
    """Features at 0.2 and 0.3 where chance has 0.5: neighbours are half nearer."""
    near = Outcome(NEAREST, -1, np.array([0.2, 0.3]), np.full((3, 2), 0.5))
    reach = float(stats.t.ppf(0.975, 1)) * np.std([0.6, 0.4], ddof=1) / 2**0.5
    assert effect_of(near) == pytest.approx((0.5, 0.5 - reach, 0.5 + reach))
    largest = Outcome(LARGEST, 1, np.array([3.0]), np.array([[1.0], [2.0]]))
    low, high = 3 / np.quantile([1.0, 2.0], [0.975, 0.025]) - 1
    assert effect_of(largest) == pytest.approx((1.0, low, high))


def test_masks_that_keep_everything_have_no_effect() -> None:
    """Their replicates are all alike: nothing is divided by 0, and an interval holds its effect."""
    nowhere = Outcome(NEAREST, -1, np.zeros(2), np.zeros((3, 2)))
    assert np.isnan(effect_of(nowhere)[0])
    for statistic in (0.1, 0.3, 0.7):
        alike = Outcome(LARGEST, 1, np.array([statistic]), np.full((3, 1), statistic))
        effect, low, high = effect_of(alike)
        assert low <= effect <= high


def test_rows_of_a_run(rows: Rows) -> None:
    """Both tests of every stored axis; q-values are over all of them; a planted matrix alone stands out."""
    generator = np.random.default_rng(0)
    groups = generator.random((64, 4, 4)).argsort(axis=-1) < 2
    for matrix_id, projection, shown in ((1, "q", 0), (2, "down", 1)):
        mask = np.tile(groups, (1, 2, 1)) if shown == 0 else generator.random((64, 8, 4)).argsort(axis=-1) < 2
        rows.matrix_of_run(1, matrix_id, mask.reshape(64, 32), projection)

    def here(jobs: list, replicates: int) -> list:
        return [carry_on(*job, replicates) for job in jobs]

    written = run_tests(rows.db, 1, 39, here)
    assert written == {"structure_tests": 6}
    found = rows.db.execute(
        "SELECT matrix_id, axis, test, p_value, q_value, replicates, effect > effect_low,"
        " effect < effect_high FROM structure_tests ORDER BY ALL"
    ).fetchall()
    assert [row[:2] for row in found] == [(1, "input")] * 2 + [(2, "input")] * 2 + [(2, "output")] * 2
    assert [row[2] for row in found] == [NEAREST, LARGEST] * 3
    np.testing.assert_allclose([row[4] for row in found], q_values([row[3] for row in found]))
    assert found[0][4] < 0.05
    assert all(row[4] > 0.05 for row in found[2:])
    assert all(row[6] and row[7] for row in found)


def test_a_run_without_matrices_has_no_tests(rows: Rows) -> None:
    """Nothing is tested, and nothing written."""
    assert run_tests(rows.db, 1, 39, lambda _jobs, _replicates: []) == {}
