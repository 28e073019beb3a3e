"""Notebooks → reports.

``make`` is the recipe: ``notebooks`` says which there are, ``run`` runs one, ``gate`` says what of it may be published,
``page`` writes it as HTML in a ``document``, ``one`` publishes its files, ``contents`` lists the pages. ``manifest``
says what they were made from, and ``state`` whether that is as it was. ``briefs`` makes one page for each organization;
``word`` and ``bundle`` are for what is mailed.
"""

import sys

# jsonschema loads it to check addresses, which no notebook has to hold; loading it takes longer than making a page
sys.modules.setdefault("rfc3987_syntax", None)
