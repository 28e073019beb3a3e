"""Data quality as the reports show it: what was read, kept, changed and set aside, counted from the cleaning log."""

import pandas as pd

from konbit_lessons.cleaning import Data


def data_quality(data: Data) -> pd.DataFrame:
    """Rows read, kept and set aside, and values changed or set aside, by table.

    Parameters
    ----------
    data : Data

    Returns
    -------
    DataFrame, one row per table that a source feeds, in the order of the codebook
        ``table``, ``read``, ``kept``, ``set_aside`` (rows; kept + set aside = read), ``values_set_aside``,
        ``values_changed`` (a typed name replaced by the organization's code, a code for "no answer" blanked).
    """
    rows = data.counts.groupby("table")[["read", "kept", "set_aside"]].sum()
    aside = data.set_aside
    rows["values_set_aside"] = aside[aside["scope"] == "value"].groupby("table").size()
    table_of = data.counts.drop_duplicates("source").set_index("source")["table"]
    changed = data.cleaning_log[data.cleaning_log["check"].isin(["organization name", "missing code"])]
    rows["values_changed"] = changed["source"].map(table_of).value_counts()
    order = [name for name in data.tables if name in rows.index]
    return rows.loc[order].fillna(0).astype("Int64").rename_axis("table").reset_index()
