"""What is told of files and records where it takes more than a line: the texts stand in messages.toml, by name."""

import tomllib
from importlib.resources import files

TEXTS = tomllib.loads((files(__package__) / "messages.toml").read_text(encoding="utf-8"))


def message(name: str, /, **values: object) -> str:
    """The text of that name, with these values in it.

    >>> message("no_table", kind="parquet")
    'this is a parquet file; expected a CSV or a workbook.'

    Raises
    ------
    KeyError
        There is no such text, or it has a place for a value that is not given.
    """
    return TEXTS[name].format(**values)
