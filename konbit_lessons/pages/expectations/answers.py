"""What several sections take from the survey: its latest answers, and why there are none."""

from konbit_lessons.measures import expectations
from konbit_lessons.measures.expectations import TOTAL


def in_all(table):
    """The lines about all organizations."""
    return table[table["by"] == TOTAL]


def latest_answers(data, quarter):
    """The answers of the latest wave up to a quarter, a line for each organization."""
    said = expectations.answers(data, until=quarter)
    return said[said["wave"] == said["wave"].max()]


def no_answers(data, quarter, words):
    """Why nothing of the survey is shown."""
    if data.survey.empty:
        return words.text("No answer to a survey is on record.")
    return words.text("Up to {quarter} too few organizations answered the survey to show this.", quarter=quarter)
