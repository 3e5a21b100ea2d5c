"""Timing: what is kept of measurements that something disturbed."""

from kernels.timing import MOST_ATTEMPTS, Latency, steadiest

STEADY, DISTURBED, WORSE = Latency(9.8, 10.0, 10.2), Latency(10.0, 12.0, 16.0), Latency(10.0, 12.0, 30.0)


def _measure(latencies):
    """Hand out latencies one by one, and count."""
    left = list(latencies)
    return left, lambda: left.pop(0)


def test_a_steady_measurement_is_taken_as_it_is():
    """Nothing is measured twice without need."""
    left, measure = _measure([STEADY, WORSE])
    assert steadiest(measure) == STEADY
    assert left == [WORSE]


def test_a_disturbed_measurement_is_repeated_until_one_is_steady():
    """The steady one counts, though it came later."""
    left, measure = _measure([DISTURBED, STEADY, WORSE])
    assert steadiest(measure) == STEADY
    assert left == [WORSE]


def test_where_all_are_disturbed_the_least_spread_one_counts():
    """A busy machine ends the attempts, not the benchmark."""
    left, measure = _measure([WORSE, DISTURBED, WORSE, STEADY])
    assert steadiest(measure) == DISTURBED
    assert len(left) == 4 - MOST_ATTEMPTS
