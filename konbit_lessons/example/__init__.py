"""A simulated programme of any size with known effects, written as the field would write it.

``world`` says what is true, ``names`` invents names and their typing slips, ``field_files`` writes
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
from konbit_lessons.field.programme import IGNORED
from konbit_lessons.publish import published

__all__ = ["World", "simulate", "write_example"]

TEMPLATES = files(__package__)


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
        found = f"{raw} already holds files, and a simulated programme would mix with them"
        raise ProgrammeError(f"{found}. Name an empty folder.")
    world = simulate(seed=seed, organizations=organizations, events=events)
    raw.mkdir(parents=True, exist_ok=True)
    key = write_files(world, raw)
    written, aliases = key.pop("files"), key.pop("aliases")
    texts = {raw / "README.md": (TEMPLATES / "raw_readme.md").read_text(encoding="utf-8")}
    for name, value in {"truth": world.truth | key, "aliases": aliases}.items():
        texts[folder / "data" / "truth" / f"{name}.json"] = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    attended = world.invitations[["event_id", "organization_id", "attended"]].astype({"attended": int})
    texts[folder / "data" / "truth" / "attended.csv"] = attended.to_csv(index=False, lineterminator="\n")
    if not (programme := folder / "programme.toml").exists():
        texts[programme] = (TEMPLATES / "programme.toml").read_text(encoding="utf-8")
        for org_type, target in world.organizations["org_type"].value_counts().items():
            texts[programme] = re.sub(rf"(?m)^{org_type} = \d+$", f"{org_type} = {target}", texts[programme])
    if not (ignored := folder / ".gitignore").exists():
        texts[ignored] = IGNORED
    return [*written, *(published(path, text) for path, text in texts.items())]
