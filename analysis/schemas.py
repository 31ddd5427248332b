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

import copy
import functools

import pandera.pandas as pa
from pandera.typing import Series

from analysis import fields, vocab
from analysis.fields import DATE, INCIDENT, SLUG, Int, Table  # noqa: F401  (DATE is used by the checks)


class Incidents(Table):
    """One row is one incident or campaign that a government publicly attributed."""

    incident_id: Series[str] = fields.text("year of the start and a slug", match=rf"^{INCIDENT}$", unique=True)
    title: Series[str] = fields.text("short neutral title", longest=120)
    summary: Series[str] = fields.text("what happened to whom, own words, neutral", longest=500)
    kind: Series[str] = fields.code("incident or campaign", "INCIDENT_KIND")
    part_of: Series[str] = fields.text("campaign it belongs to", empty=True, ref="incidents.incident_id")
    operation_type: Series[str] = fields.code("main effect sought or reached", "OPERATION_TYPE")
    start_date: Series[str] = fields.date("earliest known activity", "start_precision", empty=True)
    start_precision: Series[str] = fields.precision("start_date", empty=True)
    end_date: Series[str] = fields.date("last known activity", "end_precision", empty=True)
    end_precision: Series[str] = fields.precision("end_date", empty=True)
    first_public_date: Series[str] = fields.date(
        "earliest public report of the incident on a page that was read", "first_public_precision", empty=True
    )
    first_public_precision: Series[str] = fields.precision("first_public_date", empty=True)
    reply_searched: Series[str] = fields.code("outcome of the search for the accused state's reply", "REPLY_SEARCHED")
    other_ids: Series[str] = fields.text(
        "ids of the incident in other datasets, as `dataset:id`, separated by a vertical bar, where a page gives them",
        empty=True,
        match=r"^[a-z]+:[^\s|]+(\|[a-z]+:[^\s|]+)*$",
        longest=400,
    )
    uncertain: Series[Int] = fields.uncertain()
    note: Series[str] = fields.note()
    coder: Series[str] = fields.coder()


class Targets(Table):
    """One row is one target of an incident."""

    target_id: Series[str] = fields.text(
        "incident, dot, t and a number", match=rf"^{INCIDENT}\.t[0-9]{{2}}$", unique=True
    )
    incident_id: Series[str] = fields.text("incident", ref="incidents.incident_id")
    state: Series[str] = fields.text("state or body hit; empty if several or not stated", empty=True, ref="states.code")
    name: Series[str] = fields.text("the target, in English", longest=160)
    category: Series[str] = fields.code("sector of the target", "TARGET_CATEGORY")
    coder: Series[str] = fields.coder()


class Actors(Table):
    """One row is one named group, unit, company or persona."""

    actor_id: Series[str] = fields.text("slug", match=rf"^{SLUG}$", unique=True)
    name: Series[str] = fields.text("name most used by the accusers in the data", longest=120)
    aliases: Series[str] = fields.text(
        "other names, for searching, separated by a vertical bar", empty=True, longest=400
    )
    kind: Series[str] = fields.code("what sort of actor", "ACTOR_KIND")
    state: Series[str] = fields.text("state that accusers tie it to", empty=True, ref="states.code")
    organ: Series[str] = fields.text("state organ that an accuser tied it to", empty=True, longest=200)
    mitre_id: Series[str] = fields.text("MITRE ATT&CK group", empty=True, match=r"^G[0-9]{4}$")
    note: Series[str] = fields.note()
    coder: Series[str] = fields.coder()


class Attributions(Table):
    """One row is one state's (or body's) accusation of one state over one incident in one text."""

    attribution_id: Series[str] = fields.text(
        "incident, dot, a and a number", match=rf"^{INCIDENT}\.a[0-9]{{2}}$", unique=True
    )
    incident_id: Series[str] = fields.text("incident", ref="incidents.incident_id")
    attributor: Series[str] = fields.text("state or body that speaks", ref="states.code")
    body: Series[str] = fields.text("issuer of the text, in English", longest=200)
    body_type: Series[str] = fields.code("what sort of organ issued the text", "BODY_TYPE")
    date: Series[str] = fields.date("day of the public act", "date_precision")
    date_precision: Series[str] = fields.precision("date")
    date_returned: Series[str] = fields.date("day an indictment was returned or filed, if another", empty=True)
    accused_state: Series[str] = fields.text("state accused; empty if none is named", empty=True, ref="states.code")
    state_link: Series[Int] = fields.code("tie to the state in the operative sentence", "STATE_LINK")
    strongest_link: Series[Int] = fields.code("strongest tie anywhere in the text", "STATE_LINK")
    confidence: Series[str] = fields.code("the statement's own hedge", "CONFIDENCE")
    stance: Series[str] = fields.code("whose accusation it is", "STANCE")
    form: Series[str] = fields.code("genre of the text", "FORM")
    actor_id: Series[str] = fields.text("actor that this attributor named", empty=True, ref="actors.actor_id")
    organ: Series[str] = fields.text("state organ that this attributor named", empty=True, longest=200)
    refers_to: Series[str] = fields.text("accusation it leans on", empty=True, ref="attributions.attribution_id")
    statement_id: Series[str] = fields.text("text or day that ties rows", empty=True, ref="statements.statement_id")
    key_words: Series[str] = fields.key_words()
    uncertain: Series[Int] = fields.uncertain()
    note: Series[str] = fields.note()
    coder: Series[str] = fields.coder()


class Responses(Table):
    """One row is one act by one state or body in answer to an incident."""

    response_id: Series[str] = fields.text(
        "incident, dot, r and a number", match=rf"^{INCIDENT}\.r[0-9]{{2}}$", unique=True
    )
    incident_id: Series[str] = fields.text("incident", ref="incidents.incident_id")
    responder: Series[str] = fields.text("state or body that acts", ref="states.code")
    body: Series[str] = fields.text("organ that acts, in English", longest=200)
    body_type: Series[str] = fields.code("what sort of organ acts", "BODY_TYPE")
    type: Series[str] = fields.code("what sort of act", "RESPONSE_TYPE")
    against: Series[str] = fields.text("state the act is aimed at; empty if none", empty=True, ref="states.code")
    date_announced: Series[str] = fields.date("day the act was made public", "announced_precision")
    announced_precision: Series[str] = fields.precision("date_announced")
    date_executed: Series[str] = fields.date(
        "day the act took effect or was carried out, if not that of `date_announced`", "executed_precision", empty=True
    )
    executed_precision: Series[str] = fields.precision("date_executed", empty=True)
    n_persons: Series[Int] = fields.count("persons listed, charged or expelled by this act", "persons")
    n_entities: Series[Int] = fields.count("entities listed by this act", "entities")
    statement_id: Series[str] = fields.text("text or day that ties rows", empty=True, ref="statements.statement_id")
    contestation: Series[str] = fields.text(
        "who at home contested the act, and how, own words", empty=True, longest=600
    )
    uncertain: Series[Int] = fields.uncertain()
    note: Series[str] = fields.note()
    coder: Series[str] = fields.coder()


class Denials(Table):
    """One row is one reply by an office of the accused state (whether it denies or not)."""

    denial_id: Series[str] = fields.text(
        "incident, dot, d and a number", match=rf"^{INCIDENT}\.d[0-9]{{2}}$", unique=True
    )
    incident_id: Series[str] = fields.text("incident", ref="incidents.incident_id")
    accused_state: Series[str] = fields.text("state that replies", ref="states.code")
    addressed_to: Series[str] = fields.text("accuser it answers; empty if several", empty=True, ref="states.code")
    attribution_id: Series[str] = fields.text("accusation it answers", empty=True, ref="attributions.attribution_id")
    statement_id: Series[str] = fields.text(
        "ties the rows of one reply that answers several incidents", empty=True, ref="statements.statement_id"
    )
    date: Series[str] = fields.date("local day of the reply", "date_precision")
    date_precision: Series[str] = fields.precision("date")
    speaker: Series[str] = fields.text("office holder who spoke, if named", empty=True, longest=160)
    office: Series[str] = fields.code("office that spoke", "OFFICE")
    channel: Series[str] = fields.code("how it spoke", "CHANNEL")
    posture: Series[str] = fields.code("what it does with the charge", "POSTURE")
    preemptive: Series[Int] = fields.flag("1 when it precedes every coded accusation of that state in the incident")
    flat_denial: Series[Int] = fields.flag(vocab.STRATEGY["flat_denial"])
    evidence_challenge: Series[Int] = fields.flag(vocab.STRATEGY["evidence_challenge"])
    counter_accusation: Series[Int] = fields.flag(vocab.STRATEGY["counter_accusation"])
    politicisation: Series[Int] = fields.flag(vocab.STRATEGY["politicisation"])
    victim_claim: Series[Int] = fields.flag(vocab.STRATEGY["victim_claim"])
    countermeasure_threat: Series[Int] = fields.flag(vocab.STRATEGY["countermeasure_threat"])
    cooperation_offer: Series[Int] = fields.flag(vocab.STRATEGY["cooperation_offer"])
    sanctions_objection: Series[Int] = fields.flag(vocab.STRATEGY["sanctions_objection"])
    principle_claim: Series[Int] = fields.flag(vocab.STRATEGY["principle_claim"])
    non_interference: Series[Int] = fields.flag(vocab.STRATEGY["non_interference"])
    ridicule: Series[Int] = fields.flag(vocab.STRATEGY["ridicule"])
    identity_denial: Series[Int] = fields.flag(vocab.STRATEGY["identity_denial"])
    alternative_account: Series[Int] = fields.flag(vocab.STRATEGY["alternative_account"])
    third_party_plot: Series[Int] = fields.flag(vocab.STRATEGY["third_party_plot"])
    key_words: Series[str] = fields.key_words()
    language: Series[str] = fields.text("language of the reply as read, ISO 639-1", match=r"^[a-z]{2}$")
    uncertain: Series[Int] = fields.uncertain()
    note: Series[str] = fields.note()
    coder: Series[str] = fields.coder()


class Statements(Table):
    """One row is one joint text, coordinated day or package that ties rows together."""

    statement_id: Series[str] = fields.text(
        "date, as far as it is known, and a slug", match=rf"^[0-9]{{4}}-[0-9]{{2}}(-[0-9]{{2}})?-{SLUG}$", unique=True
    )
    date: Series[str] = fields.date("day of the text, or first day", "date_precision")
    date_precision: Series[str] = fields.precision("date")
    title: Series[str] = fields.text("what it is, own words", longest=160)
    kind: Series[str] = fields.code("how it ties rows", "STATEMENT_KIND")
    note: Series[str] = fields.note()
    coder: Series[str] = fields.coder()


class Sources(Table):
    """One row is one page that was read."""

    source_id: Series[str] = fields.text("site and a short hash of the address", match=rf"^{SLUG}$", unique=True)
    url: Series[str] = fields.text("full address of the page that was read", match=r"^https?://[^\s]+$", unique=True)
    publisher: Series[str] = fields.text("site or paper", longest=160)
    publisher_class: Series[str] = fields.code("what sort of publisher", "PUBLISHER_CLASS")
    title: Series[str] = fields.text("title, or a description in square brackets", longest=300)
    page_date: Series[str] = fields.date("date on the page", empty=True)
    language: Series[str] = fields.text("ISO 639-1", match=r"^[a-z]{2}$")
    accessed: Series[str] = fields.date("day the archived copy was read")


class Citations(Table):
    """One row says that one source supports one record."""

    table: Series[str] = fields.code("table of the record", "CITED_TABLES")
    record_id: Series[str] = fields.text("key of the record in that table")
    source_id: Series[str] = fields.text("source", ref="sources.source_id")
    supports: Series[str] = fields.code("what of the record the page shows", "SUPPORTS")


class States(Table):
    """One row is one state, territory or intergovernmental body that occurs in the data."""

    code: Series[str] = fields.text("ISO 3166-1 alpha-3, or the body's code", match=r"^[A-Z0-9]{2,6}$", unique=True)
    name: Series[str] = fields.text("short English name", unique=True, longest=80)
    kind: Series[str] = fields.code("state or body", "STATE_KIND")
    cow_code: Series[Int] = pa.Field(
        description="Correlates of War state number", nullable=True, ge=1, le=999, metadata={"unit": "code"}
    )
    gw_code: Series[Int] = pa.Field(
        description="Gleditsch and Ward state number", nullable=True, ge=1, le=999, metadata={"unit": "code"}
    )
    source_id: Series[str] = fields.text("source of the numbers", empty=True, ref="sources.source_id")


class Memberships(Table):
    """One row is one state's membership of one group, from a day to a day."""

    group: Series[str] = fields.code("group", "GROUP")
    state: Series[str] = fields.text("member", ref="states.code")
    from_date: Series[str] = fields.date("first day of membership")
    to_date: Series[str] = fields.date("last day of membership; empty if it lasts", empty=True)
    source_id: Series[str] = fields.text("source of the dates", ref="sources.source_id")


class Screening(Table):
    """One row is one lead that was considered for the dataset, with what became of it."""

    lead_id: Series[str] = fields.text("`lead-` and a number", match=r"^lead-[0-9]{4,}$", unique=True)
    label: Series[str] = fields.text("the lead, as it was found or in own words", longest=200)
    accused_state: Series[str] = fields.text(
        "states said to be accused, separated by a vertical bar", empty=True, match=r"^[A-Z0-9]{2,6}(\|[A-Z0-9]{2,6})*$"
    )
    accuser: Series[str] = fields.text(
        "states or bodies said to accuse, separated by a vertical bar",
        empty=True,
        match=r"^[A-Z0-9]{2,6}(\|[A-Z0-9]{2,6})*$",
    )
    found_in: Series[str] = fields.text("where the lead came from", longest=200)
    outcome: Series[str] = fields.code("what became of it", "SCREENING_OUTCOME")
    incident_id: Series[str] = fields.text(
        "incident coded from it, or that it is part of", empty=True, ref="incidents.incident_id"
    )
    reason: Series[str] = fields.code("inclusion rule that it fails, if excluded", "EXCLUSION", empty=True)
    note: Series[str] = fields.note()
    coder: Series[str] = fields.coder()


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


@functools.cache
def rules(table: str) -> dict[str, pa.Column]:
    """Columns of `table` for cells that are known to be text or empty: pandera need not look at each cell's type."""
    out = {name: copy.deepcopy(column) for name, column in columns(table).items()}
    for name in out.keys() - set(integers(table)):
        out[name].dtype = None
    return out


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
