"""What workers tell the app and its screens."""

from dataclasses import dataclass

from textual.message import Message

from warehouse.errors import SparsityError
from warehouse.overview import Overview


@dataclass
class OverviewLoaded(Message):
    """The database was opened, or had changed, and its runs and matrices were read."""

    overview: Overview
    replaced: bool


@dataclass
class OverviewCompleted(Message):
    """Structure and speed of every matrix were read as well."""

    overview: Overview


@dataclass
class DatabaseFailed(Message):
    """The database cannot be opened."""

    error: SparsityError


@dataclass
class FetchFailed(Message):
    """A query failed; `subject` says what it was for."""

    subject: str
    reason: str
