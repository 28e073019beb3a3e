"""Write konbit.pot: every message that shows, found in the package, the page templates, the notebooks and the labels.

``python -m konbit_lessons.words.extract`` rewrites the file beside this one; a test holds it current. It carries no
dates, so that it changes only when a message does.
"""

import io
import re
from pathlib import Path

import nbformat
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from konbit_lessons.tables import EXPECTATIONS, LABELS, LEVELS, TABLE_LABELS, TABLES
from konbit_lessons.words import HERE

PACKAGE = HERE.parent
POT = HERE / "konbit.pot"
NOTEBOOKS = PACKAGE / "notebooks" if (PACKAGE / "notebooks").is_dir() else PACKAGE.parent / "notebooks"
KEYWORDS = {"text": None, "mark": None, "plural": (1, 2), "pair": (1, 2)}
METHODS = {"*.py": "python", "*.j2": "jinja2.ext:babel_extract"}
HEADER = r"""msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""
NOT_SHOWN = "lab-only"  # the tag of cells that only who works in JupyterLab sees


def messages():
    """Yield (place, message) for every message, where message is a text or a pair of singular and plural."""
    for pattern, method in METHODS.items():
        for path in sorted(PACKAGE.rglob(pattern)):
            with path.open("rb") as file:
                for _, found, _, _ in extract(method, file, keywords=KEYWORDS):
                    yield path.relative_to(PACKAGE).as_posix(), found
    for labels in (LABELS, EXPECTATIONS, TABLE_LABELS, LEVELS):
        yield from (("tables.py", label) for label in labels.values())
    for schema in TABLES.values():
        yield "tables.py", schema.description
        for column in schema.columns.values():
            yield from (("tables.py", said) for said in (column.description, column.metadata.get("unit")) if said)
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown" and NOT_SHOWN not in cell.metadata.get("tags", []):
                yield from ((f"notebooks/{path.name}", block) for block in markdown_blocks(cell.source) if block)


def markdown_blocks(source):
    """Split the source of a markdown cell at its blank lines and take the # from headings: what is translated at once.

    >>> markdown_blocks("## What we asked\\n\\nWhich incentives?")
    ['What we asked', 'Which incentives?']
    """
    return [re.sub(r"^#+ +", "", block.strip()) for block in re.split(r"\n\s*\n", source)]


def pot():
    """Return the text of konbit.pot."""
    catalog = Catalog(project="konbit-lessons", charset="utf-8")
    for place, message in messages():
        catalog.add(message, locations=[(place, None)])
    file = io.BytesIO()
    write_po(file, catalog, omit_header=True, sort_output=True, width=100, include_lineno=False)
    return HEADER + file.getvalue().decode("utf-8")


if __name__ == "__main__":
    Path(POT).write_text(pot(), encoding="utf-8")
