"""Notes on an analysis: a text in English that can be said in another language, with the values that stand in it."""


class Note(str):
    """A note as text, with the message and the values it was made of.

    >>> note = Note("{n} of {all} rows were left out.", n=3, all=20)
    >>> note, note.message, note.values
    ('3 of 20 rows were left out.', '{n} of {all} rows were left out.', {'n': 3, 'all': 20})
    """

    def __new__(cls, message, **values):
        note = super().__new__(cls, message.format(**values))
        note.message, note.values = message, values
        return note

    def __getnewargs_ex__(self):
        return (self.message,), self.values
