"""A simulated programme of any size with known effects, written as the field would write it.

``world`` (with ``records``) says what is true, ``names`` invents names and their typing slips, ``field_files`` writes
the raw files. It stands before everything else in the flow: what it writes is read like anyone's data, and
``data/truth`` says what should be found.
No organization, person or number in it exists.
"""

import json
import re
from importlib.resources import files
from pathlib import Path

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.example.field_files import write_files
from konbit_lessons.example.world import World, simulate
from konbit_lessons.publish import published

__all__ = ["World", "simulate", "write_example"]


def write_example(folder, *, seed: int = 2017, organizations: int = 137, events: int = 48) -> list[Path]:
    """Write a simulated programme below `folder`; the same arguments write the same bytes.

    Parameters
    ----------
    folder : path, made if it is not there. Its ``data/raw`` must be empty; a ``programme.toml`` that is there is kept.
    seed, organizations, events : as in :func:`simulate`.

    Returns
    -------
    list of Path, what was written: ``data/raw/…`` (with a README.md that explains each file); in ``data/truth``
        ``truth.json`` (effects, counts, planted errors), ``aliases.json`` (typed name → organization_id or null) and
        ``attended.csv``; ``programme.toml``.

    Raises
    ------
    ProgrammeError
        If ``data/raw`` holds files already, or a size is out of range.
    """
    folder = Path(folder)
    raw = folder / "data" / "raw"
    if raw.is_dir() and any(raw.iterdir()):
        raise ProgrammeError(
            f"{raw} already holds files, and a simulated programme would mix with them. Name an empty folder."
        )
    world = simulate(seed=seed, organizations=organizations, events=events)
    raw.mkdir(parents=True, exist_ok=True)
    key = write_files(world, raw)
    readme = published(raw / "README.md", _template("raw_readme.md"))
    return [*key.pop("files"), readme, *_truth(folder / "data" / "truth", world, key), *_programme(folder, world)]


def _truth(folder, world, key):
    attended = world.invitations[["event_id", "organization_id", "attended"]].astype({"attended": int})
    aliases = key.pop("aliases")
    return [
        published(folder / "truth.json", _json(world.truth | key)),
        published(folder / "aliases.json", _json(aliases)),
        published(folder / "attended.csv", attended.to_csv(index=False, lineterminator="\n")),
    ]


def _programme(folder, world):
    path = folder / "programme.toml"
    if path.exists():
        return []
    text = _template("programme.toml")
    for org_type, target in world.organizations["org_type"].value_counts().items():
        text = re.sub(rf"(?m)^{org_type} = \d+$", f"{org_type} = {target}", text)
    return [published(path, text)]


def _template(name):
    return (files(__package__) / name).read_text(encoding="utf-8")


def _json(value):
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
