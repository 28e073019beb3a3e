"""The tables of a cleaned programme as pandera schemas: type, unit, levels and meaning of each column.

This is the codebook: cleaning converts by it, pages take labels from it, and people read it. A column's ``metadata``
holds its ``kind`` (how text becomes a value), its ``unit``, its ``levels``, and whether it is a direct identifier.
"""

import numpy as np
import pandas as pd
import pandera.pandas as pa

TEXT = pd.StringDtype(na_value=np.nan)
ORG_TYPES = ("cdsp", "awardee")
EVENT_TYPES = ("round_table", "training", "coaching", "showcase", "joint_event")
LEVELS = {  # what each level of a column means
    "cdsp": "service provider (CDSP)",
    "awardee": "awardee",
    "round_table": "round table",
    "training": "training",
    "coaching": "coaching",
    "showcase": "business showcase",
    "joint_event": "event held jointly with another project",
    "lead": "business lead",
    "contract": "signed contract",
    "A1": "regular conversations with each organization",
    "A2": "knowledge and better practice, with joint contributions",
    "A3": "a door to business opportunities",
    "A4": "close work with the other projects",
    "planned": "decided, not begun",
    "under way": "begun, not finished",
    "done": "finished",
}
EXPECTATIONS = {  # what partners can expect: its label
    "funding": "Funding",
    "equipment": "Equipment",
    "training": "Training",
    "certification": "Certification",
    "leads": "Business opportunities",
    "network": "Networking",
    "visibility": "Visibility",
}
TABLE_LABELS = {
    "organizations": "Organizations",
    "events": "Events",
    "invitations": "Invitations",
    "sign_in": "Sign-in sheets",
    "survey": "Partner survey",
    "conversations": "Conversations",
    "other_support": "Support from other projects",
    "business_leads": "Business leads",
    "contributions": "Contributions",
    "learning": "Learning questions",
}
OFFERED = {  # incentive offered at an event: its label
    "transport_refund": "Transport refund",
    "certificate": "Certificate",
    "business_showcase": "Business showcase",
    "peer_exchange": "Peer exchange",
    "tailored_topic": "Topic tailored to the organizations",
}
QUESTIONS = ("motivation", "belief_money", "perceived_value", "knows_benefits", "role_clear")
LABELS = {  # of the columns an analysis can name
    **OFFERED,
    "per_diem": "Per diem",
    "per_diem_htg": "Amount of the per diem (HTG)",
    "recent_conversation": "A conversation in the 90 days before",
    "conversations_90_days": "Conversations in the 90 days before",
    "other_support_now": "Support from another project at the time",
    "consulted_at_design": "Consulted when the project was designed",
    "earlier_donor_support": "Earlier donor support",
    "leads_so_far": "Business leads so far",
    "motivation": "Motivation (1 to 5)",
    "belief_money": "Belief that capacity building means money (1 to 5)",
    "perceived_value": "Perceived value of taking part (1 to 5)",
    "knows_benefits": "Knows the benefits",
    "role_clear": "Difference from other projects is clear (1 to 5)",
    "org_type": "Type of organization",
    "event_type": "Type of event",
    "fiscal_quarter": "Fiscal quarter",
    "staff": "Number of staff",
    "hours": "Length of the event (hours)",
    "cdsp": "Service providers (CDSPs)",
    "awardee": "Awardees",
}


def _column(dtype: object, kind: str, meaning: str, *checks: pa.Check, needed: bool = False, **metadata) -> pa.Column:
    return pa.Column(
        dtype, checks=list(checks), nullable=not needed, description=meaning, metadata={"kind": kind, **metadata}
    )


def _identifier(
    meaning: str, *, refers_to: str | None = None, needed: bool = True, of_record: bool = False
) -> pa.Column:
    return _column(TEXT, "identifier", meaning, needed=needed, refers_to=refers_to, of_record=of_record)


def _text(meaning: str, *, needed: bool = False, direct_identifier: bool = False) -> pa.Column:
    return _column(TEXT, "text", meaning, needed=needed, direct_identifier=direct_identifier)


def _level(meaning: str, levels: tuple[str, ...] | None = None, *, needed: bool = False) -> pa.Column:
    checks = [pa.Check.isin(levels)] if levels else []
    return _column(TEXT, "level", meaning, *checks, needed=needed, levels=levels)


def _day(meaning: str, *, needed: bool = False) -> pa.Column:
    return _column("datetime64[us]", "day", meaning, needed=needed, unit="year-month-day")


def _yes_no(meaning: str) -> pa.Column:
    return _column("boolean", "yes_no", meaning)


def _scale(meaning: str) -> pa.Column:
    return _column(
        "Int64", "agreement", meaning, pa.Check.in_range(1, 5), unit="1 strongly disagree to 5 strongly agree"
    )


def _whole(meaning: str, unit: str = "") -> pa.Column:
    return _column("Int64", "whole", meaning, pa.Check.ge(0), unit=unit)


def _amount(meaning: str, unit: str) -> pa.Column:
    return _column("Float64", "amount", meaning, pa.Check.ge(0), unit=unit)


def _table(name: str, row: str, key: tuple[str, ...], columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(columns, name=name, description=row, strict=True, metadata={"key": key})


_EVENT = _identifier("Code of the event", refers_to="events")
_ORGANIZATION = _identifier("Code of the organization", refers_to="organizations")
_EXPECTS = {
    f"expects_{what}": _yes_no(f"Expects {label.lower()} from the project") for what, label in EXPECTATIONS.items()
}

TABLES: dict[str, pa.DataFrameSchema] = {
    schema.name: schema
    for schema in (
        _table(
            "organizations",
            "one organization",
            ("organization_id",),
            {
                "organization_id": _identifier("Code of the organization"),
                "name": _text("Name of the organization as registered", needed=True),
                "acronym": _text("Acronym of the organization; two can share one"),
                "org_type": _level("Type of organization", ORG_TYPES, needed=True),
                "department": _text("Department of Haiti where its office is"),
                "joined_on": _day("Day it became a partner"),
                "left_on": _day("Day it ceased to be a partner; blank while it is one"),
                "consulted_at_design": _yes_no("Was consulted when the project was designed"),
                "earlier_donor_support": _yes_no("Had support from a donor before"),
                "staff": _whole("People who work there", "people"),
            },
        ),
        _table(
            "events",
            "one event",
            ("event_id",),
            {
                "event_id": _identifier("Code of the event"),
                "event_type": _level("Kind of event", EVENT_TYPES, needed=True),
                "held_on": _day("Day the event was held", needed=True),
                "place": _text("Town where it was held"),
                "hours": _amount("Length of the event", "hours"),
                "partner_project": _text("Other project that held it jointly"),
                "per_diem_htg": _amount("Per diem offered; 0 is none", "HTG per delegate"),
                **{name: _yes_no(f"Offered: {label.lower()}") for name, label in OFFERED.items()},
            },
        ),
        _table(
            "invitations",
            "one organization invited to one event",
            ("event_id", "organization_id"),
            {
                "event_id": _EVENT,
                "organization_id": _ORGANIZATION,
                "attended": _yes_no("The organization signed in; blank is unknown"),
                "delegates": _whole("Delegates who signed in", "people"),
                "senior_delegate": _yes_no("A director was among the delegates"),
            },
        ),
        _table(
            "sign_in",
            "one delegate who signed in at one event",
            (),
            {
                "event_id": _EVENT,
                "organization_id": _ORGANIZATION,
                "delegate": _text(
                    "Name of the delegate; used to find double entries, then dropped", direct_identifier=True
                ),
                "senior_delegate": _yes_no("The delegate is a director"),
            },
        ),
        _table(
            "survey",
            "one respondent in one wave of the survey",
            ("submission_id",),
            {
                "submission_id": _identifier(
                    "Submission; a running number stands for the id at cleaning", of_record=True
                ),
                "organization_id": _ORGANIZATION,
                "submitted_on": _day("Day the answers were sent", needed=True),
                "wave": _whole("Round of the survey"),
                "motivation": _scale("We are motivated to take part"),
                "belief_money": _scale("Capacity building should come with money or equipment"),
                "perceived_value": _scale("Taking part is of value to us"),
                "knows_benefits": _yes_no("Knows the benefits of taking part"),
                "role_clear": _scale("The difference from other projects is clear"),
                **_EXPECTS,
                "comment": _text("In the respondent's own words; never quoted unless approved"),
            },
        ),
        _table(
            "conversations",
            "one conversation with one organization",
            (),
            {
                "organization_id": _ORGANIZATION,
                "held_on": _day("Day of the conversation", needed=True),
                **_EXPECTS,
                "follow_up_due_on": _day("Day a follow-up was promised for"),
                "follow_up_done_on": _day("Day the follow-up was done"),
            },
        ),
        _table(
            "other_support",
            "support of one organization by one other project",
            (),
            {
                "organization_id": _ORGANIZATION,
                "project": _text("The other project", needed=True),
                "topic": _text("What the other project supports"),
                "started_on": _day("First day of the support", needed=True),
                "ended_on": _day("Last day of the support; blank while it goes on"),
                "hours": _amount("Time that the support takes", "hours"),
            },
        ),
        _table(
            "business_leads",
            "one lead or contract of one organization",
            (),
            {
                "organization_id": _ORGANIZATION,
                "date": _day("Day the lead or contract was recorded", needed=True),
                "kind": _level("Lead or signed contract", ("lead", "contract"), needed=True),
                "value_htg": _amount("Value of the lead or contract", "HTG"),
                "source_event": _identifier("Event it came from", refers_to="events", needed=False),
                "evidence": _text("What shows that it is so"),
            },
        ),
        _table(
            "contributions",
            "one pledge of one organization",
            (),
            {
                "organization_id": _ORGANIZATION,
                "pledged_on": _day("Day of the pledge", needed=True),
                "kind": _text("What was pledged", needed=True),
                "delivered_on": _day("Day the pledge was delivered; blank while it is open"),
            },
        ),
        _table(
            "learning",
            "one learning question in one quarter",
            (),
            {
                "quarter": _text("Fiscal quarter", needed=True),
                "question": _text("What we wanted to know", needed=True),
                "expectation": _text("What we expected"),
                "finding": _text("What we found"),
                "adaptation": _text("What we changed"),
                "action": _level("Strategic action that the change belongs to", ("A1", "A2", "A3", "A4")),
                "owner": _text("Role that answers for the change"),
                "status": _level("How the change stands", ("planned", "under way", "done")),
            },
        ),
    )
}
NEEDED_TABLES = ("organizations", "events", "invitations")


def analysable(incentives: dict[str, str] | None = None) -> list[str]:
    """Columns that an analysis of invitations can name: of the panel, see :mod:`konbit_lessons.panel`."""
    about = [*TABLES["organizations"].columns, *schema("events", incentives).columns, *_EXPECTS]
    derived = [name for name in LABELS if name not in ORG_TYPES]
    return list(dict.fromkeys([*derived, *about]))


def is_day(column: pa.Column) -> bool:
    """Whether a column of the codebook holds days."""
    return column.metadata["kind"] == "day"


def day_of(table: str) -> str | None:
    """The column that says on which day the fact of a row was; None where its event says it, or nothing does."""
    columns = TABLES[table].columns
    return next((name for name, about in columns.items() if is_day(about) and not about.nullable), None)


def dtype_of(column: pa.Column) -> object:
    """The pandas dtype of a column of the codebook; a day is to the microsecond, which pandera reads as nanoseconds."""
    return "datetime64[us]" if column.metadata["kind"] == "day" else column.dtype.type


def schema(table: str, incentives: dict[str, str] | None = None) -> pa.DataFrameSchema:
    """Schema of one table, with the programme's own incentives added to ``events``.

    Parameters
    ----------
    table : str
        A key of :data:`TABLES`.
    incentives : dict of str to str, optional
        Column → label of yes/no incentives beyond :data:`OFFERED`.
    """
    if table != "events" or not incentives:
        return TABLES[table]
    return TABLES[table].add_columns({name: _yes_no(f"Offered: {label}") for name, label in incentives.items()})
