"""Counts for each type of organization and in all, as a table to read."""

import pandas as pd

from konbit_lessons.measures.expectations import TOTAL
from konbit_lessons.sentences.phrases import count, share_and_interval
from konbit_lessons.tables import LABELS, ORG_TYPES
from konbit_lessons.words import mark


def counts_by_type(table, head, labels, words):
    """Counts for each type and in all, with the share of all, as they are to be read; and how many are hidden."""
    columns = [one for one in (*ORG_TYPES, TOTAL) if one in table]
    cells = [
        [label, *(count(line[one], words) for one in columns), share_and_interval(line, words)]
        for label, (_, line) in zip(labels, table.iterrows(), strict=True)
    ]
    heads = [words.text(LABELS.get(one, mark("All"))) for one in columns]
    frame = pd.DataFrame(cells, columns=[head, *heads, words.text("Percent, 95 % interval")])
    return frame, table[columns].isna().to_numpy().sum()
