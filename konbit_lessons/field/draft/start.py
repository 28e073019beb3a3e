"""A folder for a new programme: where its files go, and a programme.toml of ten lines to begin with."""

from pathlib import Path

from konbit_lessons.errors import ProgrammeError

IGNORED = "# rows about organizations and people\n/data/\n/reports/\n"


def start_programme(folder: str | Path) -> list[Path]:
    """Write the folders and the first files of a programme; nothing that is there is overwritten.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ProgrammeError
        One of the files is there already.
    """
    folder = Path(folder)
    texts = {"programme.toml": new_text(), "README.md": new_text("new_programme.md"), ".gitignore": IGNORED}
    if there := [name for name in texts if (folder / name).exists()]:
        found = f"{folder}: {', '.join(there)} is there already and is not overwritten"
        raise ProgrammeError(f"{found}. Name another folder.")
    for place in ("data/raw", "data/processed", "reports"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]


def new_text(name: str = "new_programme.toml") -> str:
    """The text of a file of a new programme, as it is before anybody has written into it."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
