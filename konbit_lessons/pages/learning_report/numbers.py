"""The numbers behind the sentences of the report, for the CSV beside it."""

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import actions
from konbit_lessons.measures.expectations import TOTAL
from konbit_lessons.measures.quality import by_table, without_few
from konbit_lessons.pages import expectations as expectations_page
from konbit_lessons.pages import participation as participation_page
from konbit_lessons.pages.learning_report.before import differing
from konbit_lessons.pages.learning_report.decided import decided_in, waiting
from konbit_lessons.parts import behind_sentences
from konbit_lessons.sentences.numbers import sentence_numbers as numbers_of_result


def sentence_numbers(data: Data, rows: pd.DataFrame, result, *, quarter: str, said: dict, then: dict) -> pd.DataFrame:
    """What the sentences and headings say in numbers: ``what``, ``value``, ``low``, ``high``, ``n``.

    Parameters
    ----------
    said, then : dict
        What the report of the quarter before kept, and what today's records say of it.
    """
    quality = without_few(data, by_table(data))
    own = [
        ("rows read", quality["read"].sum()),
        ("rows set aside", quality["set_aside"].sum()),
        ("fewest organizations that a figure is about", data.programme.smallest_cell),
        ("changes decided in the quarter", len(decided_in(data, quarter))),
        ("changes not done yet", len(waiting(data, quarter))),
        ("figures of the report before that are others today", len(differing(said, then))),
        *_changes(data, rows, quarter),
        *_approach(data, rows),
        *_contributions(data, quarter),
        *_leads(data, rows, quarter),
        *_joint(data, quarter),
    ]
    parts = [
        participation_page.sentence_numbers(data, rows, quarter=quarter),
        expectations_page.sentence_numbers(data, rows, quarter=quarter),
        numbers_of_result(result),
        behind_sentences(own),
    ]
    return pd.concat(parts, ignore_index=True).drop_duplicates("what", ignore_index=True)


def _changes(data, rows, quarter):
    for line in expectations_page.changes(data, rows, quarter)[1].itertuples():
        yield f"change in who expects {line.term}", line.estimate, line.conf_low, line.conf_high, line.n


def _approach(data, rows):
    changed_on = actions.approach_changed_on(data)
    try:
        sides, change = actions.before_and_after(data, rows, changed_on) if changed_on else (None, None)
    except DataError:  # nothing to compare, and nothing is said
        return
    if sides is not None:
        for line in sides.itertuples():
            yield f"taken up {line.period} the new approach", line.share, line.low, line.high, line.invitations
        yield "change with the new approach", change.estimate, change.low, change.high


def _contributions(data, quarter):
    so_far = actions.contributions(data, quarter=quarter).set_index("fiscal_quarter").loc[TOTAL]
    if pd.notna(so_far["share"]):
        yield "contributions delivered", so_far["delivered"], None, None, so_far["pledged"]
        yield "share of contributions delivered", so_far["share"], so_far["low"], so_far["high"], so_far["delivered"]


def _leads(data, rows, quarter):
    so_far = actions.leads(data, quarter=quarter).set_index("fiscal_quarter").loc[TOTAL]
    if so_far[["both", "organizations"]].notna().all():
        yield "organizations with a lead or contract", so_far["organizations"], None, None, so_far["partners"]
        yield "leads and contracts", so_far["both"]
        yield "leads and contracts for each 100 partners", so_far["per_100"]
    for line in actions.around_showcase(data, rows, quarter=quarter).itertuples():
        yield "days around a first showcase", line.days
        yield "leads before a first showcase", line.before
        yield "leads after a first showcase", line.after
        yield "change around a first showcase", line.change, line.low, line.high, line.organizations


def _joint(data, quarter):
    events = actions.joint_events(data, quarter=quarter).set_index("fiscal_quarter")
    if quarter in events.index:
        yield "joint events in the quarter", events.loc[quarter, "joint"], None, None, events.loc[quarter, "events"]
    yield "joint events so far", events["joint"].sum(), None, None, events["events"].sum()
    for line in actions.supported(data, quarter=quarter).dropna(subset="share").itertuples():
        yield f"supported by another project, {line.fiscal_quarter}", line.share, line.low, line.high, line.partners
