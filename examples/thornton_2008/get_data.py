"""Write data/raw/thornton_2008.csv beside this file, from the data that come with the package causaldata.

One row per person of Thornton (2008), "The Demand for, and Impact of, Learning HIV Status", American Economic Review
98(5). The package is one of the test requirements; ``make test`` installs it.
"""

from pathlib import Path

from causaldata import thornton_hiv

FILE = Path(__file__).parent / "data" / "raw" / "thornton_2008.csv"


def main() -> None:
    people = thornton_hiv.load_pandas().data
    FILE.parent.mkdir(parents=True, exist_ok=True)
    people.to_csv(FILE, index=False, lineterminator="\n")
    print(
        f"{len(people)} people written to {FILE.relative_to(Path.cwd()) if FILE.is_relative_to(Path.cwd()) else FILE}"
    )


if __name__ == "__main__":
    main()
