"""What every part of a page is, and what stands at the head of a page. No picture is drawn here: light to import."""

from dataclasses import dataclass, field

from konbit_lessons.words import mark

CARRIED = "application/vnd.konbit+json"
SIMULATED = mark("Simulated data: no real organization is described.")


class Part:
    """What Jupyter shows: the HTML, a plain text, and what is carried to the page maker."""

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self._repr_html_(), "text/plain": repr(self), CARRIED: self._carried()}


@dataclass(frozen=True)
class Shown(Part):
    """A part that is HTML already; ``carried`` says at least which part it is."""

    html: str
    carried: dict = field(repr=False)

    def __bool__(self):
        return self.carried["part"] != "nothing"

    def _repr_html_(self):
        return self.html

    def _carried(self):
        return self.carried


def meta(programme, quarter, say):
    """Return who, which period, when the data were cut, whom to ask, as a list of texts."""
    said = [programme.name]
    if quarter and not programme.study:
        named = programme.calendar.named(quarter)
        said.append(say.words.period(named.first_day, named.last_day))
    if programme.data_cut_on:
        said.append(str(say("data as of {date:date}", date=programme.data_cut_on)))
    return [*said, str(say("questions: {contact}", contact=programme.point_of_contact))]
