"""What several test files share: a tiny programme to bend, and the two whole ones."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

import konbit_lessons as kl
from konbit_lessons.reports import make_reports

HERE = Path(__file__).parent

TINY_TOML = """
[programme]
name = "Tiny (simulated)"
simulated = true
point_of_contact = "evaluation@example.org"

[analysis]
incentives = ["business_showcase", "recent_conversation"]
adjust_for = ["org_type"]

[[source]]
table = "organizations"
files = "organizations.csv"

[[source]]
table = "events"
files = "events.csv"

[[source]]
table = "invitations"
files = "invitations.csv"

[[source]]
table = "sign_in"
files = "sign_in.csv"

[[source]]
table = "survey"
files = "survey.csv"

[[source]]
table = "conversations"
files = "conversations.csv"
"""
TINY_FILES = {
    "organizations.csv": """organization_id,name,acronym,org_type,consulted_at_design
CDSP-001,Asosyasyon Peyizan Aquin,APA,cdsp,wi
CDSP-002,Fondation pour le Développement de Jacmel,FDJ,cdsp,non
CDSP-003,Fondation pour le Développement de Jacmel Nord,FDJN,cdsp,non
AWD-001,Cabinet Théodore & Associés,CTA,awardee,oui
""",
    "events.csv": """event_id,event_type,held_on,per_diem_htg,business_showcase
E001,training,2017-01-10,0,yes
E002,round_table,2017-02-20,500,no
""",
    "invitations.csv": """event_id,organization_id
E001,CDSP-001
E001,Fondation pour le Developpement de Jacmel
E001,CABINET THÉODORE ET ASSOCIÉS
E002,APA
E002,CDSP-003
E002,AWD-001
""",
    "sign_in.csv": """event_id,organization_id,delegate,senior_delegate
E001,Asosyasyon Peyizn Aquin,First Delegate,yes
E001,Asosyasyon Peyizan Aquin,Second Delegate,no
E002,CTA,Third Delegate,no
""",
    "survey.csv": """submission_id,organization_id,submitted_on,wave,motivation,expects_funding
u1,CDSP-001,2017-01-05,1,4,yes
u2,CDSP-001,2017-01-11,1,2,no
u3,AWD-001,2017-01-09,1,5,yes
""",
    "conversations.csv": """organization_id,held_on,follow_up_due_on
CDSP-001,2016-12-01,2017-01-01
AWD-001,2017-01-10,
""",
}


@dataclass
class Tiny:
    """A programme small enough to read: change a file, then clean it."""

    folder: Path

    @property
    def toml(self) -> Path:
        return self.folder / "programme.toml"

    def raw(self, name: str) -> Path:
        return self.folder / "data" / "raw" / name

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.toml if name == "programme.toml" else self.raw(name)
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def add(self, name: str, line: str) -> None:
        with self.raw(name).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def clean(self):
        return kl.clean(kl.load(self.toml))


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    one = Tiny(tmp_path / "tiny")
    one.raw("").mkdir(parents=True)
    one.toml.write_text(TINY_TOML, encoding="utf-8")
    for name, text in TINY_FILES.items():
        one.raw(name).write_text(text, encoding="utf-8")
    return one


@pytest.fixture(scope="session")
def whole_programme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of tests/data/programme to write in; returns its folder."""
    return Path(shutil.copytree(HERE / "data" / "programme", tmp_path_factory.mktemp("whole") / "programme"))


@pytest.fixture(scope="session")
def whole(whole_programme: Path):
    return kl.clean(kl.load(whole_programme / "programme.toml"))


@pytest.fixture(scope="session")
def shared_reports(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Language → the folder of the shared reports of tests/data/programme, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(language: str) -> Path:
        folder = base / f"reports-{language}"
        with FileLock(f"{folder}.lock"):
            if not (done := folder / "done").exists():
                shutil.copytree(HERE / "data" / "programme", folder / "programme")
                programme = kl.load(folder / "programme" / "programme.toml")
                made = make_reports(programme, reports=folder / "reports", language=language, progress=str)
                done.write_text(str(made.index.parent), encoding="utf-8")
        return Path(done.read_text(encoding="utf-8"))

    return made
