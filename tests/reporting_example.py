# ruff: noqa: E501  (the rows of a table stay rows)
"""A hand-made result with every kind of answer, for the tests of sentences."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

HEAD = """term label estimate conf_low conf_high p_adjusted varies_by kind n_offered k_offered n_not_offered
k_not_offered groups_offered penalized_low penalized_high permutation_p strength reason"""
COLUMNS = HEAD.split()
NAN = np.nan
ROWS = [
    ("business_showcase", "Business showcase", 0.113, 0.042, 0.181, 0.004, "event_id", "offered", 612, 380, 1188, 600, 14, 0.05, 0.17, 0.003, "clear", ""),
    ("certificate", "Certificate", -0.081, -0.15, -0.012, 0.11, "event_id", "offered", 700, 350, 1100, 630, 16, -0.14, -0.01, 0.03, "likely", ""),
    ("transport_refund", "Transport refund", 0.045, -0.03, 0.12, 0.6, "event_id", "offered", 900, 500, 900, 480, 20, -0.02, 0.1, 0.2, "uncertain", ""),
    ("recent_conversation", "A conversation in the 90 days before", 0.004, -0.04, 0.05, 0.9, "row", "offered", 812, 440, 988, 540, 96, -0.03, 0.04, 0.8, "no sign of", ""),
    ("peer_exchange", "Peer exchange", 0.2, NAN, NAN, NAN, "event_id", "offered", 76, 60, 1724, 920, 2, -0.031, 0.38, 0.12, "cannot tell", "few_groups"),
    ("tailored_topic", "Tailored topic", NAN, NAN, NAN, NAN, "row", "offered", 0, 0, 1800, 980, 0, NAN, NAN, NAN, "cannot tell", "constant"),
]  # fmt: skip


@dataclass(frozen=True)
class Result:
    table: pd.DataFrame
    outcome: str = "attended"
    n: int = 1800
    rate: float = 0.5444
    confidence: float = 0.95
    smallest_effect: float = 0.10
    clusters: dict = field(default_factory=lambda: {"organization_id": 137, "event_id": 48})
    method: str = "Firth logit, CR2 by organization_id and event_id, Satterthwaite"
    joint: dict | None = field(
        default_factory=lambda: {"F": 4.217, "df_num": 4, "df_denom": 21.34, "p_value": 0.0113,
                                 "terms": ["business_showcase", "certificate", "transport_refund", "recent_conversation"]}
    )  # fmt: skip
    left_out: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"column": ["attended", "consulted_at_design"], "rows": [84, 12]})
    )
    notes: tuple = ()
    labels: dict = field(default_factory=dict)
    exploratory: bool = False
    smallest: int = 1
    groups: pd.DataFrame | None = None
    by: str | None = None
    imputed: object = None
    prediction: object = None
    robustness: object = None


def result(rows=ROWS, **changes):
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.assign(
        std_error=0.03,
        df=20.0,
        p_value=0.01,
        n=1800,
        clusters="137 organization_id, 48 event_id",
        method="x",
        detectable=0.09,
        e_value=1.94,
        e_value_limit=1.41,
        against="",
        step=1,
    )
    return Result(table, **changes)


def row(**changes):
    return pd.DataFrame(ROWS, columns=COLUMNS).iloc[0].to_dict() | {"step": 1} | changes
