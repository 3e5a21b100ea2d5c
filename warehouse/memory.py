"""How much memory there is for this process."""

import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

CONTROL_GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def memory_bytes() -> int:
    """Return the memory of the machine, or what the control groups of a container or job leave of it."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([total, *_limits()])


def _limits() -> list[int]:
    """Return the limits of the groups that this process is in, by both versions of control groups."""
    limits = []
    with suppress(OSError, UnicodeDecodeError):
        for line in MEMBERSHIP.read_text(encoding="utf-8").splitlines():
            # 4:memory:/jobs/17 of version 1, 0::/jobs/17 of version 2.
            _, controllers, group = line.split(":", 2)
            if controllers == "memory":
                limits += _limits_above(CONTROL_GROUPS / "memory", group, "memory.limit_in_bytes")
            elif not controllers:
                limits += _limits_above(CONTROL_GROUPS, group, "memory.max")
    return limits


def _limits_above(root: Path, group: str, name: str) -> list[int]:
    """Return the limits of a group and of those around it; a container sees only some of them."""
    limits = []
    place = PurePosixPath(group.lstrip("/"))
    for folder in (place, *place.parents):
        with suppress(OSError, ValueError):  # "max" is no limit
            limits.append(int((root / folder / name).read_text(encoding="ascii")))
    return limits
