"""What several test files share: a tiny programme to bend, the whole ones, their reports, and a browser."""

import gc
import json
import os
import shutil
import zipfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import konbit_lessons as kl

HERE = Path(__file__).parent
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)

DECLARED = """
[types.org_type]
cdsp = "service provider"
awardee = "awardee"
[types.event_type]
round_table = "round table"
training = "training"
coaching = "coaching"
showcase = "showcase day"
joint_event = "event held jointly with another project"
[incentives]
per_diem = { label = "Per diem", kind = "amount" }
transport_refund = "Transport refund"
certificate = "Certificate"
business_showcase = "Business showcase"
[questions]
motivation = "Motivation"
belief_money = "Belief in money"
knows_benefits = { label = "Knows the benefits", kind = "yes_no" }
income = { label = "Income", kind = "number", unit = "currency" }
[expectations]
funding = { label = "Funding", met_by = [] }
training = { label = "Training", met_by = ["training"] }
"""
TINY_TOML = f"""
[programme]
name = "Tiny (simulated)"
simulated = true
point_of_contact = "evaluation@example.org"
currency = "HTG"

{DECLARED}
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
    "events.csv": """event_id,event_type,held_on,per_diem_amount,business_showcase
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


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study with notebooks of its own, whose cells need no kernel: what they showed is stored in them."""
    from small_study import as_stored, study_of  # only where reports are made

    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", as_stored)
    return study_of(tmp_path / "study")


@pytest.fixture(scope="session")
def of_all_workers(tmp_path_factory):
    """A folder that all workers of a test run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own


@pytest.fixture(scope="session", autouse=True)
def kept(of_all_workers):
    """Where notebooks of the test run keep what they have worked out."""
    import notebook_run

    folder = of_all_workers / "kept"
    folder.mkdir(exist_ok=True)
    notebook_run.KEPT[:] = [str(folder)]
    return folder


@pytest.fixture(scope="session")
def whole_programme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of tests/data/programme to write in; returns its folder."""
    return Path(shutil.copytree(HERE / "data" / "programme", tmp_path_factory.mktemp("whole") / "programme"))


@pytest.fixture(scope="session")
def whole(whole_programme: Path):
    return kl.clean(kl.load(whole_programme / "programme.toml"))


@pytest.fixture(scope="session")
def reports_in(whole_programme, of_all_workers, kept):
    """language → the folder of the quarter, made once from tests/data/programme for all the workers of a test run."""
    from konbit_lessons.reports.make import bundle  # only where reports are made

    shared = of_all_workers

    def made(language):
        folder = shared / f"reports-{language}"
        with FileLock(shared / f"reports-{language}.lock"), pytest.MonkeyPatch.context() as patched:
            patched.setattr(
                "konbit_lessons.reports.make.scratch", lambda: nullcontext(str(kept))
            )  # the other languages'
            if not folder.exists():
                programme = kl.load(whole_programme / "programme.toml")
                kl.make_reports(programme, language=language, reports=folder, progress=str)
                with zipfile.ZipFile(bundle(programme, reports=folder).path) as zipped:
                    zipped.extractall(shared / f"mailed-{language}")
        return next(folder.glob("FY*"))

    return made


@pytest.fixture(scope="session")
def pages_in(reports_in):
    """language → every page: the reports and their index, the page above them, and what is mailed beside them."""

    def pages(language):
        quarter = reports_in(language)
        (mailed,) = (quarter.parent.parent / f"mailed-{language}").iterdir()
        beside = [quarter.parent / "index.html", mailed / "index.html", mailed / "READ-ME.html"]
        return [*sorted((quarter / "shared").glob("*.html")), *beside]

    return pages


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    if not (CHROMIUM.exists() and DRIVER.exists()) and not os.environ.get("CI"):
        pytest.skip("there is no Chromium here")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser):
    """Opens a page at a width, light or dark; returns the addresses it asked for."""

    def opened(url, width=1280, scheme="light"):
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 700}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
        browser.get_log("performance")
        browser.get(url)
        messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        return [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]

    return opened


def pytest_collection_finish():
    """What is imported stays: the garbage collector, which statsmodels calls by itself, need not look through it."""
    import hypothesis  # noqa: F401 - whose plugins look for what is frozen here

    gc.collect()
    gc.freeze()
