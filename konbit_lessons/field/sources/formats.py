"""Number formats that are zeros, perhaps behind a few letters: a workbook that holds 123 shows the code 00123."""

import re

_CODES = re.compile(r'((?:"[^"]*"|\\.|[A-Z]+|-)*)(0{2,})(?:;.*)?')


def shown(form: str, digits: str) -> str:
    """A whole number as a format of zeros shows it; as it is by any other.

    >>> shown("00000", "123"), shown('"OP-"000', "7"), shown("General", "7")
    ('00123', 'OP-007', '7')
    """
    found = _CODES.fullmatch(form)
    return re.sub(r'"|\\(?=.)', "", found[1]) + digits.zfill(len(found[2])) if found else digits


class Formats:
    """Those of a workbook, and the styles of cells that have them: in XML both by number, as text.

    Attributes
    ----------
    of_style : dict of str to str
    struck : set of (str, int)
        What is struck through: fonts, from 1 on, and what else a reader finds.
    """

    def __init__(self) -> None:
        self.of_style, self.struck, self._known, self._fonts = {}, set(), {}, []

    def know(self, number: object, form: str) -> None:
        """A format, of a number."""
        if _CODES.fullmatch(form):
            self._known[number] = form

    def use(self, number: object, font: int) -> None:
        """The next style has the format of that number, and that font."""
        if number in self._known:
            self.of_style[str(len(self._fonts))] = self._known[number]
        self._fonts.append(font)

    def is_struck(self, style: int) -> bool:
        """Whether a style strikes its cells through."""
        return any(("fonts", font) in self.struck for font in self._fonts[style : style + 1])
