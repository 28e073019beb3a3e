"""The one table of a study → rows with typed columns: numbers, yes and no, kinds with the one that others are against.

Takes the programme's ``[study]``; what it says of missing values, decimals and kinds goes before what is recognized.
What cannot be told is refused with the row and the line of programme.toml that would tell it; nothing is guessed of it.
"""

import re
from functools import partial

import numpy as np
import pandas as pd

from konbit_lessons.errors import DataError, ProgrammeError
from konbit_lessons.field.messages import message
from konbit_lessons.field.programme import Programme
from konbit_lessons.field.sources import read
from konbit_lessons.field.values import NO, WRITING, YES, Writing, as_number, folded

PLAIN = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?", re.IGNORECASE)  # a number that is read one way only
MOST_CODED = 6  # whole numbers from 0 or 1 on without a gap, up to this many, may be the numbers of kinds


def table_of(programme: Programme) -> pd.DataFrame:
    """The rows of a study's table, each column typed; ``attrs["noticed"]`` is what a reader should know of them.

    Raises
    ------
    ProgrammeError
        The table is not there, has no column of a name in programme.toml, or a column needs a line there to be read.
    DataError
        There are no rows, or a value that is none.
    """
    study, path = programme.study, programme.folder / programme.study.table
    if not path.is_file():
        raise ProgrammeError(f'{_at(programme, "table")}: found "{study.table}"; there is no such file beside it.')
    found = read(path)
    text = found.tables["main"]
    if gone := [name for name in study.columns if name not in text]:
        raise ProgrammeError(message("no_column", path=path, column=gone[0], programme=programme, has=", ".join(text)))
    if text.empty:
        raise DataError(f"{path.name}: there is a header but no rows; expected one row per observation.")
    noticed = list(found.notices)
    rows = pd.DataFrame({name: _typed(text[name], programme, noticed) for name in text})
    if taken := [name for name in study.index if name in text]:
        raise ProgrammeError(message("index_taken", where=_at(programme, "index"), name=taken[0]))
    rows = rows.assign(**{name: partial(_index, made=made, programme=programme) for name, made in study.index.items()})
    _refuse_what_does_not_fit(rows, text, programme)
    noticed += _strata_of_one_arm(rows, programme)
    rows = rows.reset_index(drop=True)
    rows.attrs["noticed"] = noticed
    return rows


def read_as(programme: Programme) -> list[str]:
    """How the table is read, a line for each column that the study names, and what a reader should know of it."""
    rows, study, said = table_of(programme), programme.study, []
    for name in dict.fromkeys([*study.columns, *study.index]):
        column, known = rows[name], rows[name].dropna()
        missing = f", missing in {len(rows) - len(known)}" * (len(known) < len(rows))
        if name in study.cluster:
            kind = f"{known.nunique()} groups"
        elif not pd.api.types.is_numeric_dtype(column):
            levels = list(column.cat.categories) if name in study.incentives else sorted(known.unique())
            against = f', each compared with "{levels[0]}"' * (name in study.incentives)
            kind = f"{len(levels)} kinds ({', '.join(map(str, levels[:6]))}{', …' * (len(levels) > 6)}){against}"
        else:
            ends = f"from {known.min():g} to {known.max():g}"
            kind = f"yes in {known.sum():g}, no in {(known == 0).sum()}" if {*known} <= {0, 1} else f"a number {ends}"
        said.append(f"{name}: {kind}{missing}")
    return [f"{study.table}: {len(rows)} rows", *said, *(f"noticed: {one}" for one in rows.attrs["noticed"])]


def _refuse_what_does_not_fit(rows: pd.DataFrame, text: pd.DataFrame, programme: Programme) -> None:
    """Nothing that is declared is ignored: a reference is of kinds, a step of a number, and a text is there."""
    study = programme.study
    numbers = {name: pd.api.types.is_numeric_dtype(rows[name]) for name in rows}
    wrong = [("reference", name, "an incentive of several kinds") for name in study.reference if numbers[name]]
    wrong += [("reference", name, "an incentive") for name in study.reference if name not in study.incentives]
    amounts = {name for name in study.incentives if numbers[name]}
    wrong += [("step", name, "an incentive that is an amount") for name in study.step if name not in amounts]
    for key, name, texts in [(of, *one) for of in ("yes", "levels") for one in getattr(study, of).items()]:
        there = text[name].dropna().str.strip()
        expected = f"one of {', '.join(there.unique()[:6])}"
        wrong += [(f"{key}, {name}", one, expected) for one in texts if one not in {*there}]
    outcome, shares = rows[study.outcome].dropna(), rows[study.outcome].dropna().between(0, 1).all()
    for name in study.further_outcomes:
        if rows[name].dropna().between(0, 1).all() != shares:
            other = f'{name} ({rows[name].min():g} to {rows[name].max():g})", beside {study.outcome} of another unit'
            wrong.append(("further_outcomes", other, "outcomes of one unit: make a study of its own of the other"))
    if study.method in ("linear", "poisson") and not shares and not study.units.unit:
        found = f"numbers from {outcome.min():g} to {outcome.max():g}"
        wrong.append(("units, unit", found, 'a unit, such as unit = "USD"'))
    if study.units.unit and shares:
        wrong.append(("units, unit", "an outcome from 0 to 1", "none: it is told of 100; take unit out"))
    if study.treated and (len(study.incentives) != 1 or not numbers[study.treated] or not amounts):
        wrong.append(("treated", study.treated, "a column of yes and no, beside one incentive of yes and no"))
    if study.treated in study.incentives:
        wrong.append(("treated", study.treated, "the column of who had it, beside that of who was offered it"))
    named = [*study.incentives, *study.adjust_for, *study.strata]
    wrong += [("adjust_for", name, "each column named once") for name in named if named.count(name) > 1]
    if wrong:
        key, found, expected = wrong[0]
        raise ProgrammeError(f'{_at(programme, key)}: found "{found}"; expected {expected}.')


def _index(rows: pd.DataFrame, made: dict[str, str], programme: Programme) -> pd.Series:
    """The mean of outcomes in standard deviations of the rows without any incentive, 1 or −1 times each.

    What a row lacks of some is their mean with the same incentives: Kling, Liebman and Katz (2007), Econometrica 75.
    """
    asked, names = rows[programme.study.incentives], [*made]
    without = asked.apply(lambda one: one == (one.cat.categories[0] if hasattr(one, "cat") else 0)).all(axis=1)
    numbers = rows[names].apply(pd.to_numeric, errors="coerce")
    of_others = numbers[without if without.sum() > 1 else without | True]
    if wrong := [name for name in names if not of_others[name].std() > 0]:
        raise ProgrammeError(message("index_of_what", where=_at(programme, "index"), name=wrong[0]))
    standard = (numbers - of_others.mean()) / of_others.std() * pd.Series(made).map({"more": 1, "less": -1})
    alike = standard.groupby([asked[name] for name in asked], observed=True).transform("mean")
    return standard.fillna(alike).mean(axis=1).where(standard.notna().any(axis=1))


def _strata_of_one_arm(rows: pd.DataFrame, programme: Programme) -> list[str]:
    """A stratum in which all had the same tells nothing of what it compares."""
    said = []
    for stratum in programme.study.strata:
        for name in programme.study.incentives:
            alike = rows.dropna(subset=name).groupby(stratum, observed=True)[name].nunique() < 2
            levels = ", ".join(map(str, alike.index[alike][:6])) + ", …" * (len(alike.index[alike]) > 6)
            said += [message("one_arm", stratum=stratum, levels=levels, name=name)] if alike.any() else []
    return said


def _at(programme: Programme, key: str) -> str:
    return f"{programme.path.name}, [study], {key}"


def _typed(text: pd.Series, programme: Programme, noticed: list[str]) -> pd.Series:
    study, name = programme.study, str(text.name)
    text = text.str.strip().mask(lambda one: one == "")
    if blank := [one for one in text.dropna().unique() if _is_missing(one, text, study.missing_in(name))]:
        counted = ", ".join(f'"{one}" ({(text == one).sum()} rows)' for one in blank)
        noticed.append(f"{name}: {counted} taken as missing")
        text = text.mask(text.isin(blank))
    known = text.dropna()
    writing = _writing(programme, known)
    is_plain = PLAIN.fullmatch if writing.decimal == "." else lambda text: False
    numbers = {one: float(one) if is_plain(one) else as_number(one, writing) for one in known.unique()}
    if name in study.yes:
        column = text.isin(study.yes[name]).astype("float64").mask(text.isna())
    elif name in (*study.kinds, *study.strata, study.by):
        column = _kinds(text, sorted(numbers, key=lambda one: (numbers[one] is None, numbers[one] or 0, one)))
    elif None not in numbers.values():
        column = text.map(numbers).astype("float64")
        _may_be_coded(column, study, noticed)
    elif (is_yes := as_yes_no(numbers)) is not None:
        column = text.map(is_yes).astype("float64")
    else:
        _refuse_a_stray(known, numbers, programme)
        column = text
    return _with_reference(column, programme) if name in study.incentives else _of_outcome(column, programme)


def as_yes_no(texts) -> dict[str, float] | None:
    """Text → 1 for yes and 0 for no, also behind its code ("1 - oui"); None where some are neither, or all alike."""
    words = {one: folded(re.sub(r"^[01]\s*[-–—=.:)]+\s*", "", one)) for one in texts}
    known = not {*words.values()} - YES - NO and len({one in YES for one in words.values()}) == 2
    return {text: float(one in YES) for text, one in words.items()} if known else None


def _is_missing(text: str, column: pd.Series, said: list[str] | None) -> bool:
    """Whether a text stands for nothing: as declared, else as usual; −99 only where no other number is below zero."""
    if said is not None:
        return text in said
    usual = WRITING["missing"]
    if text.replace("−", "-") not in usual["numbers"]:
        return not PLAIN.fullmatch(text) and folded(text) in usual["texts"]
    others = column[~column.str.replace("−", "-").isin(usual["numbers"])].dropna()
    return not others.str.match(r"[-−]\s*[\d.,]").any()


def _writing(programme: Programme, known: pd.Series) -> Writing:
    """With the decimal sign that is declared, or that the column can only have."""
    said = programme.study.decimal
    commas = known[known.str.fullmatch(r"[-+−]?\d+,\d+")]
    if said or not len(commas):
        return Writing(decimal=said or ".")
    if commas.str.fullmatch(r"[-+−]?[1-9]\d{0,2},\d{3}").all():
        raise ProgrammeError(message("decimal_or_thousands", table=programme.study.table, found=commas))
    return Writing(decimal=",")


def _kinds(text: pd.Series, levels: list[str]) -> pd.Series:
    return pd.Series(pd.Categorical(text, levels), text.index, name=text.name)


def _may_be_coded(column: pd.Series, study, noticed: list[str]) -> None:
    levels, name = sorted(column.dropna().unique()), column.name
    in_a_row = levels and levels == [levels[0] + at for at in range(len(levels))] and levels[0] in (0, 1)
    if name in study.incentives and 3 <= len(levels) <= MOST_CODED and in_a_row and name not in study.step:
        noticed.append(message("maybe_codes", name=name, numbers=", ".join(f"{one:g}" for one in levels)))
    elif name in study.incentives and len(levels) == len(column) > MOST_CODED and not np.any(np.array(levels) % 1):
        noticed.append(f"{name}: each row has a whole number of its own; taken as an amount, which a code is not")


def _refuse_a_stray(known: pd.Series, numbers: dict, programme: Programme) -> None:
    """A text among numbers is a slip, or says that nothing is known; not one more kind."""
    is_number = known.map(lambda one: numbers[one] is not None)
    if is_number.mean() > 0.5:
        stray = known[~is_number]
        raise DataError(message("stray", programme=programme, stray=stray, strays=len(stray), values=len(known)))


def _with_reference(column: pd.Series, programme: Programme) -> pd.Series:
    """Kinds with the one in front that the others are compared with; as it is, what is a number or yes and no."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    name, said = str(column.name), programme.study.reference
    own = isinstance(column.dtype, pd.CategoricalDtype)
    levels = list(column.cat.categories) if own else sorted(column.dropna().unique())
    usual = [one for one in levels if one == "0" or {*folded(one).split()} & {*WRITING["control"]}]
    first = said.get(name) or (usual[0] if len(usual) == 1 else "")
    if first not in levels:
        found = f'found "{first}"' if first else message("no_control", name=name, usual=len(usual) or "none")
        told = ", ".join(levels[:12]) + ", …" * (len(levels) > 12)
        about = {"where": _at(programme, "reference"), "name": name, "levels": told}
        raise ProgrammeError(message("no_reference", found=found, first=levels[0] if levels else "…", **about))
    return _kinds(column.astype("object"), [first, *(one for one in levels if one != first)])


def _of_outcome(column: pd.Series, programme: Programme) -> pd.Series:
    outcomes = (programme.study.outcome, *programme.study.further_outcomes)
    if column.name in outcomes and not pd.api.types.is_numeric_dtype(column):
        levels = list(column.dropna().unique())
        about = {"programme": programme, "column": column, "of": levels, "has": ", ".join(levels[:6])}
        raise ProgrammeError(message(f"which_is_{'yes' if len(levels) <= 6 else 'number'}", **about))
    return column
