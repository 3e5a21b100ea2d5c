"""Errors of the kernels package: each message is one line that says what to do."""


class KernelError(Exception):
    """Base of every error a person can cause or cure."""


class PackingError(KernelError):
    """A matrix or mask cannot be stored in the format asked for."""


class LaunchError(KernelError):
    """Operands of a kernel have the wrong shape, dtype or device, or the device cannot run it."""


class MaskFileError(KernelError):
    """A mask file is missing, unreadable or has the wrong content."""


class UsageError(KernelError):
    """The command line asks for something that does not exist."""
