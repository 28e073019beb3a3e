"""Our numbers against R's, one batch a data set. The tolerances and their reasons stand in ``agreement.py``."""

import pytest
from agreement import HEAD, PAGE, all_rows

ROWS = all_rows()


@pytest.mark.parametrize("data", sorted({row.data for row in ROWS}))
def test_every_number_of_a_data_set_agrees_with_r(data):
    errors = {row.quantity: (row.error(), row.tolerance) for row in ROWS if row.data == data}
    assert {name: pair for name, pair in errors.items() if not pair[0] <= pair[1]} == {}


def test_the_page_of_agreement_lists_the_same_rows():
    page = PAGE.read_text(encoding="utf-8")
    assert page.startswith(HEAD)
    said = [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in page[len(HEAD) :].splitlines()]
    listed = sorted((row.data, row.quantity) for row in ROWS)
    assert said == listed, "python -m tests.agreement --markdown writes the page anew"
