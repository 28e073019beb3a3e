"""Our numbers against R's, one test per quantity. The tolerances and their reasons stand in ``agreement.py``."""

import pytest
from agreement_table import HEAD, PAGE, rows

AGREEMENTS = rows()


@pytest.mark.parametrize("agreement", AGREEMENTS, ids=str)
def test_agrees_with_r(agreement):
    assert agreement.error() <= agreement.tolerance


def test_the_page_of_agreement_lists_the_same_rows():
    page = PAGE.read_text(encoding="utf-8")
    assert page.startswith(HEAD)
    said = [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in page[len(HEAD) :].splitlines()]
    listed = sorted((row.data, row.quantity) for row in AGREEMENTS)
    assert said == listed, "python -m tests.agreement --markdown writes the page anew"
