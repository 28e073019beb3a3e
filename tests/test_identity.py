"""Typed names: sure matches only, and never the wrong organization."""

import pandas as pd
import pytest

from konbit_lessons.identity import Roster

NAMES = {
    "A1": ("Fondation pour le Développement de Jacmel", "FDJ"),
    "A2": ("Fondation pour le Développement de Jacmel Nord", "FDJN"),
    "A3": ("Cabinet Théodore & Associés", "CTA"),
    "A4": ("Cabinet Toussaint & Associés", "CTA"),
    "A5": ("Association des Jeunes de Les Cayes", "AJLC"),
    "A6": ("Groupe Métellus Conseil S.A.", "GMCS"),
    "A7": ("Asosyasyon Peyizan 2e Section Aquin", None),
    "A8": ("Asosyasyon Peyizan 3e Section Aquin", None),
    "A9": ("Rézo Fanm", "RF"),
}


@pytest.fixture(scope="module")
def roster():
    rows = [(code, name, acronym) for code, (name, acronym) in NAMES.items()]
    return Roster(pd.DataFrame(rows, columns=["organization_id", "name", "acronym"]))


@pytest.mark.parametrize(
    ("typed", "code", "how"),
    [
        ("a1", "A1", "code"),
        ("  FONDATION POUR LE DEVELOPPEMENT   DE JACMEL ", "A1", "name"),
        ("Fondation pour le Développement de Jacmel (FDJ)", "A1", "name"),
        ("Cabinet Theodore et Associes", "A3", "name"),
        ("FondationpourleDéveloppementdeJacmel", "A1", "name"),
        ("A.J.L.C.", "A5", "acronym"),
        ("Fond. pour le Dév. de Jacmel", "A1", "abbreviation"),
        ("Fond. pour le Dév. de Jacmel Nord", "A2", "abbreviation"),
        ("Fondation pour le Développement de Jcamel Nord", "A2", "slip"),
        ("Association des Jeunes de es Cayes", "A5", "slip"),
        ("Groupe Métellus Conseil .A.", "A6", "slip"),
        ("Asosyasyon Peyizan 3e Secton Aquin", "A8", "slip"),
    ],
)
def test_a_sure_name_is_matched(roster, typed, code, how):
    match = roster.match([typed])[typed]
    assert (match.organization_id, match.how) == (code, how)


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("CTA", ("A3", "A4")),  # two organizations have that acronym
        ("Fondation pour le Développement de Jacmel No", ("A1", "A2")),  # between near twins
        ("Fondation pour le Développement de Jacmel Sud", ("A1", "A2")),  # a third one, not on the roster
        ("Asosyasyon Peyizan 4e Section Aquin", ("A7", "A8")),  # a number is never a slip
        ("Fondation pour le Développement de Jacmel (FDJN)", ("A1", "A2")),  # name and acronym disagree
        ("Réz Fam", ("A9",)),  # two slips in eight letters
        ("Ministère de la Planification", ()),
        ("", ()),
    ],
)
def test_an_unsure_name_is_left_open_with_its_candidates(roster, typed, candidates):
    match = roster.match([typed])[typed]
    assert match.organization_id is None and match.how == "unresolved"
    assert set(match.candidates) >= set(candidates) and (candidates or not match.candidates)


def test_two_organizations_with_one_name_are_never_told_apart():
    roster = Roster(pd.DataFrame({"organization_id": ["B1", "B2"], "name": ["Tèt Ansanm"] * 2, "acronym": [None] * 2}))
    match = roster.match(["Tet Ansanm"])["Tet Ansanm"]
    assert match.organization_id is None and set(match.candidates) == {"B1", "B2"}


def test_one_organization_alone_still_needs_a_name_that_fits():
    roster = Roster(pd.DataFrame({"organization_id": ["B1"], "name": ["Rezo Peyizan Bainet"], "acronym": ["RPB"]}))
    found = roster.match(["Rezo Peyizan Banet", "Rezo Fanm Hinche"])
    assert [match.organization_id for match in found.values()] == ["B1", None]
