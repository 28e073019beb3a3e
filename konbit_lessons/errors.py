"""The errors a user meets.

Each message says what was found, where, what was expected, and what to do next. The command line turns the class into
an exit code, so that a script can tell a wrong call from a failed report.
"""


class KonbitError(Exception):
    """Base of every error this package raises on purpose; ``exit_code`` is what the command returns."""

    exit_code = 2


class ProgrammeError(KonbitError):
    """programme.toml, or a call that refers to it, is wrong."""


class SourceError(KonbitError):
    """A raw file cannot be read as what it is said to be."""


class DataError(KonbitError):
    """The files can be read, but what they hold does not allow what was asked."""


class ModelError(KonbitError):
    """The rows handed to an analysis do not allow it."""


class PlotError(KonbitError):
    """A plot that a figure is to be made of cannot be drawn."""


class ReportError(KonbitError):
    """A notebook failed, so its report was not published.

    ``to_share`` says where and why in words that may be mailed: what Python says of other errors can quote the data.
    """

    exit_code = 3

    def __init__(self, message: str, to_share: str = "") -> None:
        super().__init__(message)
        self.to_share = to_share or message


class LockedError(KonbitError):
    """Another run is writing to the same folder."""

    exit_code = 4
