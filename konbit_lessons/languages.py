"""Which languages there are: known without reading a word of them, so that a slip in a call is answered at once."""

from pathlib import Path

from konbit_lessons.errors import ProgrammeError

HERE = Path(__file__).parent / "words"


def languages(folder=HERE):
    """Return the languages there are: English and one for each .po file in `folder`."""
    return ("en", *sorted(path.stem for path in Path(folder).glob("*.po")))


def known(language, folder=HERE):
    """Return a language that there is.

    Raises
    ------
    ProgrammeError : there is no such language
    """
    if language not in languages(folder):
        raise ProgrammeError(f"language: found {language!r}; expected one of {', '.join(languages(folder))}.")
    return language
