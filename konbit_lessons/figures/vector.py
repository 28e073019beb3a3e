"""A matplotlib figure → a small SVG that stands in a page: its text stays text, in the page's font.

matplotlib's own backend writes ids, groups and styles, and several times the bytes; here are paths in tenths of a
pixel, each step from the point before, and lines of text. The same figure gives the same letters.
"""

import re

import matplotlib.font_manager as fonts
import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.path import Path

from konbit_lessons.figures.markup import escaped

LETTERS = {Path.MOVETO: "m", Path.LINETO: "l", Path.CURVE3: "q", Path.CURVE4: "c", Path.CLOSEPOLY: "z"}
ANCHORS = {"left": (0, None), "center": (0.5, "middle"), "right": (1, "end")}
USUAL = {"fill": "none", "font-size": "11.1"}  # of a picture, unless one of its parts says otherwise
BOLD = 600
ALIKE = re.compile(r'(<path((?:(?!opacity)[^>])*) d="[^"]*)"></path><path\2 d="m')  # the next looks as the one before
ROUND = re.compile(r"((?:c[^a-z]+){4})(?:c[^a-z]+){4}z")  # a mark as matplotlib draws it: from its lowest point
NUMBER = re.compile(r"-?[\d.]+")


class Vector(RendererBase):
    """What a matplotlib figure is drawn on, and then the picture.

    Parameters
    ----------
    figure : matplotlib Figure

    Raises
    ------
    NotImplementedError : an image or a pattern is in it
    """

    def __init__(self, figure):
        super().__init__()
        (self.width, self.height), self.dpi = figure.bbox.size, figure.dpi
        self._parts = []
        figure.draw(self)

    def svg(self, name):
        """Return the picture as an element of HTML, of a class of this name."""
        size = f'class="{name}" viewBox="0 0 {self.width:.0f} {self.height:.0f}"'
        return f"<svg {size}{_attributes(USUAL)}>{''.join(self._parts)}</svg>"

    def get_canvas_width_height(self):
        """Return the size in pixels."""
        return self.width, self.height

    def points_to_pixels(self, points):
        """Return how many pixels as many points are."""
        return points * self.dpi / 72

    def draw_path(self, gc, path, transform, rgbFace=None):
        """Add a line or a form, which end where their axes do; a mark, being round, is left whole."""
        if gc.get_hatch():
            raise NotImplementedError("a pattern")
        line, box = rgbFace is None, gc.get_clip_rectangle()
        path = path.transformed(transform)
        if box and not line and not {Path.CURVE3, Path.CURVE4} & {*(() if path.codes is None else path.codes)}:
            path = path.clip_to_bbox(box)
        clip = tuple(box.extents) if line and box else None
        steps = path.iter_segments(clip=clip, simplify=line and path.should_simplify)
        alpha = gc.get_alpha() if gc.get_forced_alpha() else None
        look = {} if line else _colour("fill", rgbFace, alpha)
        if gc.get_linewidth():
            look |= _colour("stroke", gc.get_rgb(), alpha)
            look["stroke-width"] = _short(self.points_to_pixels(gc.get_linewidth()))
            dashes = gc.get_dashes()[1] or ()
            look["stroke-dasharray"] = " ".join(_short(self.points_to_pixels(one)) for one in dashes)
        way, start = self._way(steps), f"<path{_attributes(look)} d="
        if way and look:
            self._parts.append(f'{start}"{way}"></path>')

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        """Add a line of text, kept at that end from which it was laid out."""
        share, anchor = ANCHORS[mtext.get_ha() if mtext and not angle else "left"]
        x += share * self.get_text_width_height_descent(s, prop, ismath=False)[0]
        bold = fonts.weight_dict.get(prop.get_weight(), prop.get_weight()) >= BOLD
        look = {"x": _short(x), "y": _short(y), "text-anchor": anchor, "font-weight": "700" if bold else None}
        look |= {"font-size": _short(self.points_to_pixels(prop.get_size_in_points()))} | _colour("fill", gc.get_rgb())
        look["transform"] = f"rotate({_short(-angle)} {_short(x)} {_short(y)})" if angle else None
        self._parts.append(f"<text{_attributes(look, USUAL)}>{escaped(s)}</text>")

    def _way(self, steps):
        """Where a path goes in tenths of a pixel, each step from the point before it."""
        way, at, start = "", np.zeros(2, dtype=int), np.zeros(2, dtype=int)
        for points, code in steps:
            if code == Path.CLOSEPOLY:
                way, at = way + "z", start
                continue
            ends = np.rint(np.reshape(points, (-1, 2)) * (10, -10) + (0, 10 * self.height)).astype(int) - at
            if code == Path.MOVETO or ends.any():
                way += LETTERS[code] + "".join(map(_tenth, ends.flat)).lstrip()
            at = at + ends[-1]
            start = at if code == Path.MOVETO else start
        return way


def shortened(svg):
    """Return a picture with fewer letters: round marks by their radius, and what looks alike in one path."""
    svg, longer = ROUND.sub(_arc, svg), ""
    while svg != longer:
        svg, longer = ALIKE.sub(r"\1M", svg), svg
    return svg


def _arc(half):
    radius = _short(-sum(map(float, NUMBER.findall(half[1])[5::6])) / 2)
    return f"a{radius} {radius} 0 1 1 .1 0z"


def _tenth(whole):
    """A number of tenths, parted from the one before it by its sign or a space."""
    said = _short(whole / 10)
    return said if whole < 0 else f" {said}"


def _colour(what, colour, alpha=None):
    shows = (colour[3] if len(colour) > 3 else 1) if alpha is None else alpha
    return {what: to_hex(colour[:3]), f"{what}-opacity": shows < 1 and _short(shows, 2)} if shows else {}


def _attributes(look, usual=()):
    said = {name: value for name, value in look.items() if value and dict(usual).get(name) != value}
    return "".join(f' {name}="{value}"' for name, value in said.items())


def _short(value, digits=1):
    """A number in as few letters as it needs.

    >>> _short(0.25, 2), _short(-0.5), _short(10), _short(0)
    ('.25', '-.5', '10', '0')
    """
    return re.sub(r"^(-?)0(?=\.)", r"\1", f"{round(value, digits) + 0:g}")
