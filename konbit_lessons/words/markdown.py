"""The words that stand in notebooks: their markdown cells, block by block, each translated at once."""

import json
import re

LAB_ONLY = "lab-only"  # the tag of cells that only who works in JupyterLab sees


def cells_of(path):
    """Return the cells of a notebook file that are not for the lab alone: (kind, tags, source).

    Parameters
    ----------
    path : Path
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    read = [(one["cell_type"], one["metadata"].get("tags", []), "".join(one["source"])) for one in cells]
    return [(kind, tags, source) for kind, tags, source in read if LAB_ONLY not in tags]


def blocks(source):
    """Split the source of a markdown cell at its blank lines.

    >>> blocks("## What we asked\\n\\nWhich incentives?")
    ['## What we asked', 'Which incentives?']
    """
    return [block.strip() for block in re.split(r"\n\s*\n", source) if block.strip()]


def level(block):
    """Return the level of a heading, 0 of any other block."""
    found = re.match(r"#+(?= )", block)
    return len(found[0]) if found else 0


def words_of(block):
    """Return a block without the # of a heading: what is translated."""
    return re.sub(r"^#+ +", "", block)
