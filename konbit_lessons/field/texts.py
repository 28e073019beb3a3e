"""Columns of text, each distinct text held and looked at once: what makes a million rows cheap.

While a table is cleaned, its texts are categories; they are plain text again when it is finished.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from konbit_lessons.tables import TEXT


def encoded(text: pd.Series) -> pd.Series:
    """The same texts as categories, in the order in which they appear."""
    if isinstance(text.dtype, pd.CategoricalDtype):
        return text
    return _of_codes(*pd.factorize(text), text)


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose categories are plain text again."""
    return rows.assign(**{name: _plain(rows[name]) for name in rows.columns[rows.dtypes == "category"]})


def _plain(text: pd.Series) -> pd.api.extensions.ExtensionArray | pd.Series:
    distinct = text.cat.categories.array
    return distinct.take(text.cat.codes.to_numpy(), allow_fill=True) if len(distinct) else text.astype(TEXT)


def constant(text: str, rows: pd.DataFrame) -> pd.Series:
    """A column of one and the same text."""
    return _of_codes(np.zeros(len(rows), dtype=np.int8), [text], rows.index.to_series())


def nothing(rows: pd.DataFrame) -> pd.Series:
    """A column without any text."""
    return _of_codes(np.full(len(rows), -1), [], rows.index.to_series())


def distinct_of(text: pd.Series) -> tuple[np.ndarray, list[str]]:
    """For each row the position of its text among the distinct ones (−1 where it is missing), and these."""
    if isinstance(text.dtype, pd.CategoricalDtype):
        return text.cat.codes.to_numpy(), list(text.cat.categories)
    codes, distinct = pd.factorize(text)
    return codes, list(distinct)


def looked_up(text: pd.Series, known: Mapping, dtype: object = "category") -> pd.Series:
    """What ``known`` holds for each text; missing where it holds nothing.

    Parameters
    ----------
    text : Series of str or category
    known : Mapping
        From a text.
    dtype : dtype
        Of the result. ``"category"`` for text; a CategoricalDtype fixes the categories.

    Examples
    --------
    >>> looked_up(pd.Series(["a", None, "b", "a"]), {"a": 1}, "Int64").tolist()
    [1, <NA>, <NA>, 1]
    """
    codes, distinct = distinct_of(text)
    found = [known.get(one) for one in distinct]
    if isinstance(dtype, pd.CategoricalDtype):
        own = dtype.categories.get_indexer(pd.Index(found, dtype=TEXT))
        return pd.Series(pd.Categorical.from_codes(np.append(own, -1)[codes], dtype=dtype), text.index, name=text.name)
    if dtype == "category":
        return _recoded(codes, pd.array(found, dtype=TEXT), text)
    return pd.Series(pd.array([*found, None], dtype=dtype).take(codes), index=text.index, name=text.name)


def composed(text: pd.Series) -> pd.Series:
    """Text without outer spaces, its accents composed (NFC), so that equal texts are equal bytes."""
    codes, distinct = distinct_of(text)
    cells = pc.utf8_trim_whitespace(pc.utf8_normalize(pa.array(distinct, pa.large_string()), form="NFC"))
    return _recoded(codes, pd.array(cells, dtype=TEXT), text)


def stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Frames one under the other, categories kept; a text column that a frame lacks is missing there."""
    if len(parts) == 1:
        return parts[0].reset_index(drop=True)
    names = dict.fromkeys(name for part in parts for name in part)
    parts = [part.assign(**{name: nothing(part) for name in names if name not in part}) for part in parts]
    columns = {name: [part[name] for part in parts] for name in names}
    for name, found in columns.items():
        coded = found[0].dtype == "category"
        columns[name] = pd.api.types.union_categoricals(found) if coded else pd.concat(found, ignore_index=True)
    return pd.DataFrame(columns)


def counted(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """How many rows there are of each combination of texts, as a last column called ``name``; texts are plain again.

    >>> counted(pd.DataFrame({"a": ["x", "y", "x"]}).apply(encoded), "times").to_numpy().tolist()
    [['x', 2], ['y', 1]]
    """
    return as_text(rows.groupby(list(rows), dropna=False, observed=True).size().rename(name).reset_index())


def ordered(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Rows sorted by these columns, missing values last; equal rows stay as they are."""
    return rows.sort_values(by, key=lambda one: one.astype(TEXT) if one.dtype == "category" else one, kind="stable")


def kept(rows: pd.DataFrame, mask: pd.Series) -> pd.DataFrame:
    """The rows of a mask; the frame itself where that is all of them."""
    return rows if mask.all() else rows[mask]


def _recoded(codes: np.ndarray, texts, like: pd.Series) -> pd.Series:
    """Categories of the texts that the codes stand for, equal ones being one."""
    own, names = pd.factorize(texts)
    return _of_codes(np.append(own, -1)[codes], names, like)


def _of_codes(codes: np.ndarray, distinct, like: pd.Series) -> pd.Series:
    dtype = pd.CategoricalDtype(pd.Index(distinct, dtype=TEXT))
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype, validate=False), index=like.index, name=like.name)
