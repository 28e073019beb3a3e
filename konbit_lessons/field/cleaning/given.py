"""What programme.toml declares and no file gives: said, so that nothing that is written there is ignored in silence."""

from collections.abc import Iterator

from konbit_lessons.field.declared import AMOUNT, EXPECTS
from konbit_lessons.field.programme import Programme


def never_given(programme: Programme, given: dict[str, set[str]]) -> Iterator[str]:
    """One notice for each thing declared that no column of a file is for.

    Parameters
    ----------
    programme : Programme
    given : dict of str to set of str
        Table → the columns that its files have.
    """
    for section, name, column, *feeds in _declared(programme):
        fed = [table for table in feeds if table in given]
        if any(column in given[table] for table in fed):
            continue
        where = f'no file of the table "{fed[0]}" has it' if fed else f'no [[source]] feeds the table "{feeds[0]}"'
        yield (
            f'{programme.path.name}, {section} {name}: {where}. Write {column} = "its header in the file" under '
            f"[source.columns] of that table, or take {name} out of {section}"
        )


def _declared(programme: Programme) -> Iterator[tuple[str, ...]]:
    """Section, name, column and the tables of which one should have it."""
    for name, one in programme.incentives.items():
        yield "[incentives]", name, name + AMOUNT * (one.kind == "amount"), "events"
    for name in programme.questions:
        yield "[questions]", name, name, "survey"
    for name in programme.expectations:
        yield "[expectations]", name, EXPECTS + name, "survey", "conversations"
    if programme.places:
        yield "[places]", programme.places.column, programme.places.column, "organizations"
