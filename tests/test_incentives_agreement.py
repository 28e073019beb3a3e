"""Our numbers against R's, one test per quantity. The tolerances and their reasons stand in ``agreement.py``."""

import pytest
from agreement import AGREEMENTS


@pytest.mark.parametrize("agreement", AGREEMENTS, ids=str)
def test_agrees_with_r(agreement):
    assert agreement.error() <= agreement.tolerance
