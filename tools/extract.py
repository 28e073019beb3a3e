"""Write konbit.pot: every message that shows, found in the package, its texts, templates and notebooks.

``python -m tools.extract``, in the root of the project, rewrites konbit_lessons/words/konbit.pot, and each .po beside
it with the messages that are new or gone; what is translated stays, and so does its header. The files are sorted and
carry no dates, so that they change only when a message does. A test holds konbit.pot current.
"""

import ast
import io
import re
import tomllib

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from konbit_lessons.reports.notebooks import blocks, cells_of, words_of
from konbit_lessons.words import HERE

PACKAGE = HERE.parent
POT = HERE / "konbit.pot"
NOTEBOOKS = PACKAGE.parent / "notebooks"
KEYWORDS = {"text": (1,), "mark": (1,), "say": (1,), "plural": (1, 2), "pair": (1, 2)}
SAID_IN = ("says", "more", "fewer", "unclear", "apart", "alike", "changed", "one")  # arguments that are texts
NAMED = re.compile(r'\b(?:name|said) = "([^"]+)"')  # what is called so in a table of data
HEADER = r"""msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""


def messages():
    """Yield (place, message) for every message, where message is a text or a pair of singular and plural."""
    kinds = {"*.py": _of_code, "texts.toml": _of_table, "standards.toml": NAMED.findall, "*.j2": _of_template}
    for name, found_in in kinds.items():
        for path in sorted(PACKAGE.rglob(name)):
            place = path.relative_to(PACKAGE).as_posix()
            yield from ((place, found) for found in found_in(path.read_text("utf-8")))
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for kind, _, source in cells_of(path):
            found = _of_code(source) if kind == "code" else map(words_of, blocks(source))
            yield from ((f"notebooks/{path.name}", one) for one in found)


def pot():
    """Return the text of konbit.pot."""
    return HEADER + _written(_template())


def updated(text):
    """Return the text of a .po with the messages of today: those translated as they were, new ones empty."""
    catalog = read_po(io.BytesIO(text.encode("utf-8")))
    catalog.update(_template(), no_fuzzy_matching=True)
    header = text[: text.index("\n\n", text.index('msgid ""')) + 2]
    return header + _written(catalog)


def _of_template(source):
    """Yield what is said in a template."""
    for _, found, *_ in extract("jinja2.ext:babel_extract", io.BytesIO(source.encode("utf-8")), keywords=KEYWORDS):
        yield found


def _of_table(source):
    """Yield the texts and pairs of a table of texts, whatever they stand under."""
    for one in (tomllib.loads(source) if isinstance(source, str) else source).values():
        if isinstance(one, dict):
            yield from _of_table(one)
        else:
            yield tuple(one) if isinstance(one, list) else one


def _of_code(source):
    """Yield what is said in a source: texts given to KEYWORDS or as an argument of SAID_IN, also by an if or an or."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            wanted = KEYWORDS.get(name, ())
            given = [_texts(arg) for arg in node.args[: len(wanted)]]
            yield from (text for one in node.keywords if one.arg in SAID_IN for text in _texts(one.value))
            if len(given) == 1:
                yield from given[0]
            elif given and all(given):
                yield given[0][0], given[1][0]


def _texts(node):
    """The texts that an argument can be; a text in it that is not the argument, as a key, is none."""
    if isinstance(node, ast.IfExp | ast.BoolOp):
        return [text for one in getattr(node, "values", None) or (node.body, node.orelse) for text in _texts(one)]
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        return [tuple(part.value for part in node.elts if isinstance(part, ast.Constant))]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _template():
    catalog = Catalog(project="konbit-lessons", charset="utf-8")
    for place, message in messages():
        catalog.add(message, locations=[(place, None)])
    return catalog


def _written(catalog):
    file = io.BytesIO()
    write_po(file, catalog, omit_header=True, sort_output=True, width=100, include_lineno=False, ignore_obsolete=True)
    return file.getvalue().decode("utf-8")


if __name__ == "__main__":
    POT.write_text(pot(), encoding="utf-8")
    for po in sorted(HERE.glob("*.po")):
        po.write_text(updated(po.read_text(encoding="utf-8")), encoding="utf-8")
