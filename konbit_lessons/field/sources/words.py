"""What exporters and form builders call things: ``words.toml``, as it stands."""

import tomllib
from importlib.resources import files

WORDS = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))
