"""``world.toml``: the words of the simulated programme, and how often and how strongly things happen in it."""

import tomllib
from importlib.resources import files

import pandas as pd

FACTS = tomllib.loads((files(__package__) / "world.toml").read_text(encoding="utf-8"))
KINDS = FACTS["kinds"]  # of organizations
CUT = pd.Timestamp(FACTS["events"]["cut"])  # nothing is recorded after this day
EXPECTS = FACTS["records"]["expects"]
EFFECTS = FACTS["effects"]["incentives"]
WAVES = dict(enumerate(FACTS["records"]["waves"], start=1))
