"""What one notebook of a run has worked out, kept on disk for its others; and what a notebook has read.

The results are kept by what they were worked out from, word for word, in a folder that lives as long as the run: one
that is found there is the one that would be worked out again. Only notebooks that are shipped are given the folder, so
that nothing that a programme's own notebook does to the library reaches another.
"""

import hashlib
import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

from konbit_lessons.publish import published

FOLDER = "KONBIT_KEPT"  # the environment variable that names it
READ: set[str] = set()  # tables, and files relative to the programme's folder, that this process has read
PLAIN = (str, int, float, bool, type(None))


def kept(work: Callable) -> Callable:
    """Look on disk for what a function returns; work it out, and keep it there, where it is not yet.

    It may be asked about plain values, frames, and what says in ``kept_as`` of which of them it is made; asked about
    anything else, it is worked out.
    """

    @wraps(work)
    def found(*about: Any, **options: Any) -> Any:
        folder = os.environ.get(FOLDER)
        key = told_by((f"{work.__module__}.{work.__qualname__}", *about, options)) if folder else None
        if key is None:
            return work(*about, **options)
        path = Path(folder) / hashlib.sha256(key.encode()).hexdigest()
        with FileLock(f"{path}.lock"):  # of two that need it at once, one works it out and the other waits
            return _found(path) if path.is_file() else _worked_out(path, partial(work, *about, **options))

    return found


def _found(path: Path) -> Any:
    value, read = pickle.loads(path.read_bytes())
    READ.update(read)
    return value


def _worked_out(path: Path, work: Callable) -> Any:
    earlier = {*READ}
    READ.clear()
    value = work()
    with suppress(pickle.PicklingError, TypeError, AttributeError):  # holds what cannot be kept
        published(path, pickle.dumps((value, {*READ})))
    READ.update(earlier)
    return value


def told_by(one: Any) -> str | None:
    """What tells a value from every other; None where that cannot be said."""
    if isinstance(one, PLAIN):
        return repr((type(one).__name__, one))
    if isinstance(one, np.generic):
        return told_by(one.item())
    if isinstance(one, pd.DataFrame):
        hashed = hashlib.sha256(pd.util.hash_pandas_object(one).to_numpy().tobytes()).hexdigest()
        return _all("frame", [hashed, dict(one.attrs), *one.columns, *map(_kind, one.dtypes)])
    if isinstance(one, Mapping):
        return _all("mapping", [part for item in one.items() for part in item])
    if isinstance(one, list | tuple):
        return _all(type(one).__name__, one)
    return told_by(one.kept_as) if hasattr(type(one), "kept_as") else None


def _all(kind: str, parts: Iterable) -> str | None:
    keys = [told_by(part) for part in parts]
    return None if None in keys else repr((kind, keys))


def _kind(dtype: Any) -> str:
    """A dtype, with the order of its categories, which says what others are compared with."""
    return f"{dtype} {[*dtype.categories]} {dtype.ordered}" if isinstance(dtype, pd.CategoricalDtype) else str(dtype)


class Noted(Mapping):
    """Frames by name, of which it is noted which were read."""

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        self.frames = frames

    def __getitem__(self, name: str) -> pd.DataFrame:
        READ.add(name)
        return self.frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)

    def __or__(self, other: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        return {**self, **other}
