"""A label: what a programme calls one of its own things, in each language it has words for.

Written in TOML as one text for all languages, as a text for each language, or with the plural beside the singular.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

FORMS = ("one", "many")
ANY = ""  # the language of a text that is the same in all
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Label:
    """What something is called.

    Attributes
    ----------
    texts : mapping of language to mapping of form to text
        The language ``""`` is any; every language has the form ``"one"``.

    Examples
    --------
    >>> voucher = Label.of({"en": "Voucher", "fr": {"one": "Bon", "many": "Bons"}})
    >>> voucher.text("fr", "many"), voucher.text("en", "many"), voucher.lacks("ht"), Label.of("GIE").lacks("ht")
    ('Bons', 'Voucher', True, False)
    """

    texts: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, said: "str | Mapping | Label") -> "Label":
        """The label that TOML writes as `said`.

        Raises
        ------
        ValueError
            It is no text, no text by language and no singular with its plural, or one of them is blank.
        """
        if isinstance(said, Label):
            return said
        by_language = isinstance(said, Mapping) and not {*said} & {*FORMS}
        texts = said if by_language else {ANY: said}
        if by_language and (not texts or not all(_LANGUAGE.fullmatch(one) for one in texts)):
            raise ValueError(_expected(said))
        return cls({language: _forms(one, said) for language, one in texts.items()})

    def text(self, language: str = "en", form: str = "one") -> str:
        """The words in a language; in another that there is where they lack in it, see :meth:`lacks`."""
        known = [one for one in (language, ANY, "en") if one in self.texts]
        forms = self.texts[known[0] if known else next(iter(self.texts))]
        return forms.get(form, forms["one"])

    def lacks(self, language: str) -> bool:
        """Whether there are no words in a language."""
        return language not in self.texts and ANY not in self.texts

    def every(self) -> list[str]:
        """Every text, whatever its language and form."""
        return list(dict.fromkeys(text for forms in self.texts.values() for text in forms.values()))

    def filled(self, **values: "str | Label") -> "Label":
        """This label with ``{name}`` filled in, in each language that it and the labels among `values` have.

        >>> Label.of({"en": "Offered: {label}", "fr": "Offert : {label}"}).filled(label=Label.of("GIE")).text("fr")
        'Offert : GIE'
        """
        given = [one for one in values.values() if isinstance(one, Label)]
        spoken = [one for one in self.texts if not any(label.lacks(one) for label in given)] or list(self.texts)[:1]
        texts = {}
        for language in spoken:
            words = {name: one.text(language) if isinstance(one, Label) else one for name, one in values.items()}
            texts[language] = self.text(language).format(**words)
        return Label.of(texts)


def _forms(one: object, said: object) -> dict[str, str]:
    forms = dict(one) if isinstance(one, Mapping) else {"one": one}
    texts = all(isinstance(text, str) and text.strip() for text in forms.values())
    if "one" not in forms or {*forms} - {*FORMS} or not texts:
        raise ValueError(_expected(said))
    return {form: text.strip() for form, text in forms.items()}


def _expected(said: object) -> str:
    return (
        f'found {said!r}; expected a text such as "Voucher", one for each language, {{ en = "Voucher", fr = "Bon" }}, '
        'or one with its plural, { one = "voucher", many = "vouchers" }'
    )
