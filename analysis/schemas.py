"""One pandera model per table: types, codes, keys, and what every column means.

The models are the only definition of a column; the checks, the codebook and
the data package are all derived from them.  A column's ``metadata`` may hold

``vocab``
    name of its closed vocabulary in :mod:`analysis.vocab`
``ref``
    ``table.column`` that it points to
``unit``
    unit of a number
``date``
    name of the column with the date's precision
"""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from analysis import vocab

Int = pd.Int64Dtype

SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
INCIDENT = rf"[0-9]{{4}}-{SLUG}"
DATE = r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"
CODER = r"^(auto-[0-9]+|[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X])$"


def _text(description, *, empty=False, match=None, unique=False, ref=None, longest=None):
    meta = {"ref": ref} if ref else None
    size = {"str_length": {"max_value": longest}} if longest else {}
    return pa.Field(description=description, nullable=empty, str_matches=match, unique=unique, metadata=meta, **size)


def _code(description, name, *, empty=False):
    return pa.Field(description=description, nullable=empty, isin=list(getattr(vocab, name)), metadata={"vocab": name})


def _flag(description):
    return pa.Field(description=description, isin=[0, 1], metadata={"vocab": "FLAG"})


def _count(description, unit):
    return pa.Field(description=description, nullable=True, ge=0, le=1_000_000, metadata={"unit": unit})


def _date(description, precision=None, *, empty=False):
    meta = {"date": precision} if precision else {"date": ""}
    return pa.Field(description=description, nullable=empty, str_matches=DATE, metadata=meta)


def _precision(of, *, empty=False):
    return _code(f"how fine `{of}` is", "DATE_PRECISION", empty=empty)


def _uncertain():
    return _flag("1 when sources disagree or the coding is doubtful; `note` says why")


def _note():
    return _text("anything a reader of the row must know, own words", empty=True, longest=600)


def _coder():
    return _text("who coded the row: `auto-N` for machine coding, an ORCID for a person", match=CODER)


def _key_words():
    return _text("at most ten quoted words that carry the coding", empty=True, match=r"^\S+( \S+){0,9}$", longest=160)


class Table(pa.DataFrameModel):
    """Base of all tables: exact columns in exact order."""

    class Config:
        strict = True
        ordered = True


class Incidents(Table):
    """One row is one incident or campaign that a government publicly attributed."""

    incident_id: Series[str] = _text("year of the start and a slug", match=rf"^{INCIDENT}$", unique=True)
    title: Series[str] = _text("short neutral title", longest=120)
    summary: Series[str] = _text("what happened to whom, own words, neutral", longest=500)
    kind: Series[str] = _code("incident or campaign", "INCIDENT_KIND")
    part_of: Series[str] = _text("campaign it belongs to", empty=True, ref="incidents.incident_id")
    operation_type: Series[str] = _code("main effect sought or reached", "OPERATION_TYPE")
    start_date: Series[str] = _date("earliest known activity", "start_precision", empty=True)
    start_precision: Series[str] = _precision("start_date", empty=True)
    end_date: Series[str] = _date("last known activity", "end_precision", empty=True)
    end_precision: Series[str] = _precision("end_date", empty=True)
    first_public_date: Series[str] = _date("first public report of the incident", "first_public_precision", empty=True)
    first_public_precision: Series[str] = _precision("first_public_date", empty=True)
    reply_searched: Series[str] = _code("outcome of the search for the accused state's reply", "REPLY_SEARCHED")
    other_ids: Series[str] = _text(
        "ids of the incident in other datasets, as `dataset:id`, separated by a vertical bar, where a page gives them",
        empty=True,
        match=r"^[a-z]+:[^\s|]+(\|[a-z]+:[^\s|]+)*$",
        longest=400,
    )
    uncertain: Series[Int] = _uncertain()
    note: Series[str] = _note()
    coder: Series[str] = _coder()


class Targets(Table):
    """One row is one target of an incident."""

    target_id: Series[str] = _text("incident, dot, t and a number", match=rf"^{INCIDENT}\.t[0-9]{{2}}$", unique=True)
    incident_id: Series[str] = _text("incident", ref="incidents.incident_id")
    state: Series[str] = _text("state or body hit; empty if several or not stated", empty=True, ref="states.code")
    name: Series[str] = _text("the target, in English", longest=160)
    category: Series[str] = _code("sector of the target", "TARGET_CATEGORY")
    coder: Series[str] = _coder()


class Actors(Table):
    """One row is one named group, unit, company or persona."""

    actor_id: Series[str] = _text("slug", match=rf"^{SLUG}$", unique=True)
    name: Series[str] = _text("name most used by the accusers in the data", longest=120)
    aliases: Series[str] = _text("other names, for searching, separated by a vertical bar", empty=True, longest=400)
    kind: Series[str] = _code("what sort of actor", "ACTOR_KIND")
    state: Series[str] = _text("state that accusers tie it to", empty=True, ref="states.code")
    organ: Series[str] = _text("state organ that an accuser tied it to", empty=True, longest=200)
    mitre_id: Series[str] = _text("MITRE ATT&CK group", empty=True, match=r"^G[0-9]{4}$")
    note: Series[str] = _note()
    coder: Series[str] = _coder()


class Attributions(Table):
    """One row is one state's (or body's) accusation of one state over one incident in one text."""

    attribution_id: Series[str] = _text(
        "incident, dot, a and a number", match=rf"^{INCIDENT}\.a[0-9]{{2}}$", unique=True
    )
    incident_id: Series[str] = _text("incident", ref="incidents.incident_id")
    attributor: Series[str] = _text("state or body that speaks", ref="states.code")
    body: Series[str] = _text("issuer of the text, in English", longest=200)
    body_type: Series[str] = _code("what sort of organ issued the text", "BODY_TYPE")
    date: Series[str] = _date("day of the public act", "date_precision")
    date_precision: Series[str] = _precision("date")
    date_returned: Series[str] = _date("day an indictment was returned or filed, if another", empty=True)
    accused_state: Series[str] = _text("state accused; empty if none is named", empty=True, ref="states.code")
    state_link: Series[Int] = _code("tie to the state in the operative sentence", "STATE_LINK")
    strongest_link: Series[Int] = _code("strongest tie anywhere in the text", "STATE_LINK")
    confidence: Series[str] = _code("the statement's own hedge", "CONFIDENCE")
    stance: Series[str] = _code("whose accusation it is", "STANCE")
    form: Series[str] = _code("genre of the text", "FORM")
    actor_id: Series[str] = _text("actor that this attributor named", empty=True, ref="actors.actor_id")
    organ: Series[str] = _text("state organ that this attributor named", empty=True, longest=200)
    refers_to: Series[str] = _text("accusation it leans on", empty=True, ref="attributions.attribution_id")
    statement_id: Series[str] = _text("text or day that ties rows", empty=True, ref="statements.statement_id")
    key_words: Series[str] = _key_words()
    uncertain: Series[Int] = _uncertain()
    note: Series[str] = _note()
    coder: Series[str] = _coder()


class Responses(Table):
    """One row is one act by one state or body in answer to an incident."""

    response_id: Series[str] = _text("incident, dot, r and a number", match=rf"^{INCIDENT}\.r[0-9]{{2}}$", unique=True)
    incident_id: Series[str] = _text("incident", ref="incidents.incident_id")
    responder: Series[str] = _text("state or body that acts", ref="states.code")
    body: Series[str] = _text("organ that acts, in English", longest=200)
    body_type: Series[str] = _code("what sort of organ acts", "BODY_TYPE")
    type: Series[str] = _code("what sort of act", "RESPONSE_TYPE")
    against: Series[str] = _text("state the act is aimed at; empty if none", empty=True, ref="states.code")
    date_announced: Series[str] = _date("day the act was made public", "announced_precision")
    announced_precision: Series[str] = _precision("date_announced")
    date_executed: Series[str] = _date("day the act took effect, if stated", "executed_precision", empty=True)
    executed_precision: Series[str] = _precision("date_executed", empty=True)
    n_persons: Series[Int] = _count("persons listed, charged or expelled by this act", "persons")
    n_entities: Series[Int] = _count("entities listed by this act", "entities")
    statement_id: Series[str] = _text("text or day that ties rows", empty=True, ref="statements.statement_id")
    contestation: Series[str] = _text("who at home contested the act, and how, own words", empty=True, longest=600)
    uncertain: Series[Int] = _uncertain()
    note: Series[str] = _note()
    coder: Series[str] = _coder()


class Denials(Table):
    """One row is one reply by an office of the accused state (whether it denies or not)."""

    denial_id: Series[str] = _text("incident, dot, d and a number", match=rf"^{INCIDENT}\.d[0-9]{{2}}$", unique=True)
    incident_id: Series[str] = _text("incident", ref="incidents.incident_id")
    accused_state: Series[str] = _text("state that replies", ref="states.code")
    addressed_to: Series[str] = _text("accuser it answers; empty if several", empty=True, ref="states.code")
    attribution_id: Series[str] = _text("accusation it answers", empty=True, ref="attributions.attribution_id")
    statement_id: Series[str] = _text(
        "ties the rows of one reply that answers several incidents", empty=True, ref="statements.statement_id"
    )
    date: Series[str] = _date("local day of the reply", "date_precision")
    date_precision: Series[str] = _precision("date")
    speaker: Series[str] = _text("office holder who spoke, if named", empty=True, longest=160)
    office: Series[str] = _code("office that spoke", "OFFICE")
    channel: Series[str] = _code("how it spoke", "CHANNEL")
    posture: Series[str] = _code("what it does with the charge", "POSTURE")
    preemptive: Series[Int] = _flag("1 when it precedes every coded accusation of that state in the incident")
    flat_denial: Series[Int] = _flag(vocab.STRATEGY["flat_denial"])
    evidence_challenge: Series[Int] = _flag(vocab.STRATEGY["evidence_challenge"])
    counter_accusation: Series[Int] = _flag(vocab.STRATEGY["counter_accusation"])
    politicisation: Series[Int] = _flag(vocab.STRATEGY["politicisation"])
    victim_claim: Series[Int] = _flag(vocab.STRATEGY["victim_claim"])
    countermeasure_threat: Series[Int] = _flag(vocab.STRATEGY["countermeasure_threat"])
    cooperation_offer: Series[Int] = _flag(vocab.STRATEGY["cooperation_offer"])
    sanctions_objection: Series[Int] = _flag(vocab.STRATEGY["sanctions_objection"])
    principle_claim: Series[Int] = _flag(vocab.STRATEGY["principle_claim"])
    non_interference: Series[Int] = _flag(vocab.STRATEGY["non_interference"])
    ridicule: Series[Int] = _flag(vocab.STRATEGY["ridicule"])
    identity_denial: Series[Int] = _flag(vocab.STRATEGY["identity_denial"])
    alternative_account: Series[Int] = _flag(vocab.STRATEGY["alternative_account"])
    third_party_plot: Series[Int] = _flag(vocab.STRATEGY["third_party_plot"])
    key_words: Series[str] = _key_words()
    language: Series[str] = _text("language of the reply as read, ISO 639-1", match=r"^[a-z]{2}$")
    uncertain: Series[Int] = _uncertain()
    note: Series[str] = _note()
    coder: Series[str] = _coder()


class Statements(Table):
    """One row is one joint text, coordinated day or package that ties rows together."""

    statement_id: Series[str] = _text(
        "date and a slug", match=rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}-{SLUG}$", unique=True
    )
    date: Series[str] = _date("day of the text, or first day", "date_precision")
    date_precision: Series[str] = _precision("date")
    title: Series[str] = _text("what it is, own words", longest=160)
    kind: Series[str] = _code("how it ties rows", "STATEMENT_KIND")
    note: Series[str] = _note()
    coder: Series[str] = _coder()


class Sources(Table):
    """One row is one page that was read."""

    source_id: Series[str] = _text("site and a short hash of the address", match=rf"^{SLUG}$", unique=True)
    url: Series[str] = _text("full address of the page that was read", match=r"^https?://[^\s]+$", unique=True)
    publisher: Series[str] = _text("site or paper", longest=160)
    publisher_class: Series[str] = _code("what sort of publisher", "PUBLISHER_CLASS")
    title: Series[str] = _text("title, or a description in square brackets", longest=300)
    page_date: Series[str] = _date("date on the page", empty=True)
    language: Series[str] = _text("ISO 639-1", match=r"^[a-z]{2}$")
    accessed: Series[str] = _date("day the archived copy was read")


class Citations(Table):
    """One row says that one source supports one record."""

    table: Series[str] = _code("table of the record", "CITED_TABLES")
    record_id: Series[str] = _text("key of the record in that table")
    source_id: Series[str] = _text("source", ref="sources.source_id")
    supports: Series[str] = _code("what of the record the page shows", "SUPPORTS")


class States(Table):
    """One row is one state, territory or intergovernmental body that occurs in the data."""

    code: Series[str] = _text("ISO 3166-1 alpha-3, or the body's code", match=r"^[A-Z0-9]{2,6}$", unique=True)
    name: Series[str] = _text("short English name", unique=True, longest=80)
    kind: Series[str] = _code("state or body", "STATE_KIND")
    cow_code: Series[Int] = pa.Field(
        description="Correlates of War state number", nullable=True, ge=1, le=999, metadata={"unit": "code"}
    )
    gw_code: Series[Int] = pa.Field(
        description="Gleditsch and Ward state number", nullable=True, ge=1, le=999, metadata={"unit": "code"}
    )
    source_id: Series[str] = _text("source of the numbers", empty=True, ref="sources.source_id")


class Memberships(Table):
    """One row is one state's membership of one group, from a day to a day."""

    group: Series[str] = _code("group", "GROUP")
    state: Series[str] = _text("member", ref="states.code")
    from_date: Series[str] = _date("first day of membership")
    to_date: Series[str] = _date("last day of membership; empty if it lasts", empty=True)
    source_id: Series[str] = _text("source of the dates", ref="sources.source_id")


class Screening(Table):
    """One row is one lead that was considered for the dataset, with what became of it."""

    lead_id: Series[str] = _text("`lead-` and a number", match=r"^lead-[0-9]{4}$", unique=True)
    label: Series[str] = _text("the lead, as it was found or in own words", longest=200)
    accused_state: Series[str] = _text(
        "states said to be accused, separated by a vertical bar", empty=True, match=r"^[A-Z0-9]{2,6}(\|[A-Z0-9]{2,6})*$"
    )
    accuser: Series[str] = _text(
        "states or bodies said to accuse, separated by a vertical bar",
        empty=True,
        match=r"^[A-Z0-9]{2,6}(\|[A-Z0-9]{2,6})*$",
    )
    found_in: Series[str] = _text("where the lead came from", longest=200)
    outcome: Series[str] = _code("what became of it", "SCREENING_OUTCOME")
    incident_id: Series[str] = _text(
        "incident coded from it, or that it is part of", empty=True, ref="incidents.incident_id"
    )
    reason: Series[str] = _code("inclusion rule that it fails, if excluded", "EXCLUSION", empty=True)
    note: Series[str] = _note()
    coder: Series[str] = _coder()


TABLES: dict[str, type[Table]] = {
    "incidents": Incidents,
    "targets": Targets,
    "actors": Actors,
    "attributions": Attributions,
    "responses": Responses,
    "denials": Denials,
    "statements": Statements,
    "sources": Sources,
    "citations": Citations,
    "states": States,
    "memberships": Memberships,
    "screening": Screening,
}

#: Columns that identify a row; they also give the canonical order of rows.
KEYS: dict[str, tuple[str, ...]] = {
    "incidents": ("incident_id",),
    "targets": ("target_id",),
    "actors": ("actor_id",),
    "attributions": ("attribution_id",),
    "responses": ("response_id",),
    "denials": ("denial_id",),
    "statements": ("statement_id",),
    "sources": ("source_id",),
    "citations": ("table", "record_id", "source_id", "supports"),
    "states": ("code",),
    "memberships": ("group", "state", "from_date"),
    "screening": ("lead_id",),
}


def columns(table: str) -> dict[str, pa.Column]:
    """Columns of `table` in order, name to pandera column."""
    return TABLES[table].to_schema().columns


def meta(table: str, column: str) -> dict:
    """Metadata of a column (``vocab``, ``ref``, ``unit``, ``date``); empty if it has none."""
    return columns(table)[column].metadata or {}


def references() -> list[tuple[str, str, str, str]]:
    """Every foreign key as (table, column, referenced table, referenced column)."""
    return [
        (table, name, *column.metadata["ref"].split("."))
        for table in TABLES
        for name, column in columns(table).items()
        if (column.metadata or {}).get("ref")
    ]


def integers(table: str) -> list[str]:
    """Columns of `table` that hold whole numbers."""
    return [name for name, column in columns(table).items() if str(column.dtype) == "Int64"]
