"""What each report shows: one module (or folder) a notebook, with the sentences, figures and tables it calls for.

Takes a cleaned programme, its panel, a quarter and a language; returns parts that a notebook shows. Numbers come from
``measures`` and ``incentives``, pictures from ``figures``, words that several pages share from ``sentences``. A part
that cannot be shown is a sentence that says why.
"""
