"""The dataset as a STIX 2.1 bundle, for those who keep threat intelligence.

What becomes what is told in dataset/EXPORTS.md.  The bundle says who accused
whom, never who did it: an accusation is a relationship whose description begins
with the accuser, a reply is an opinion on that relationship, and states are
identities, not threat actors.  Every object made from a row names the row and
the pages that it cites, and carries the row's coded columns in an extension.

Ids are made from the keys of the rows, so that an object keeps its id from one
version to the next; times are the days of releases.
"""

from __future__ import annotations

import uuid

import pandas as pd

from analysis import schemas, vocab
from analysis.dataset import Dataset
from analysis.dates import earliest
from analysis.selection import ACCUSING

NAMESPACE = uuid.UUID("41a06340-696a-4602-808d-e98b20b80e42")
#: Day of the first release: when the objects were first made.
CREATED = "2026-11-22T00:00:00.000Z"
TLP = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"
#: STIX confidence (0 to 100) of the words in a statement, after appendix A of the standard: the DNI scale for
#: likelihood, the low-medium-high scale for confidence.  Statements without such a word, and "possible", get none.
CONFIDENCE = {
    "low_confidence": 15, "moderate_confidence": 50, "high_confidence": 85,
    "likely": 70, "highly_likely": 85, "almost_certain": 95,
}  # fmt: skip
OPINION = {
    "denies": "strongly-disagree",
    "objects_without_denying": "neutral",
    "neither_confirms_nor_denies": "neutral",
    "no_comment": "neutral",
    "admits": "agree",
    "endorsed": "agree",
    "acknowledged": "neutral",
    "solidarity": "neutral",
}
SECTORS = {
    "government": "government", "parliament": "government", "election_body": "government", "military": "defense",
    "defence_industry": "defense", "energy": "energy", "water": "water", "telecom": "telecommunications",
    "transport": "transportation", "finance": "financial-services", "cryptocurrency": "financial-services",
    "health": "healthcare", "media": "communications", "research": "education", "civil_society": "non-profit",
    "technology": "technology", "company": "commercial", "critical_infrastructure": "infrastructure",
}  # fmt: skip
CODING_SCHEMA = """Properties: `table` and `record` name a row of the CARD dataset; every other property is a coded
column of that row, with the meaning and the codes that CODEBOOK.md of the dataset gives for the table and column."""


def identifier(kind: str, key: str) -> str:
    """STIX id of the object of a type that is made from a record; the same key gives the same id."""
    return f"{kind}--{uuid.uuid5(NAMESPACE, f'{kind}:{key}')}"


ME = identifier("identity", "card")
LICENCE = identifier("marking-definition", "licence")
EXTENSION = identifier("extension-definition", "coding")


class _Maker:
    """Makes objects that share times, author, marking and the way to name rows and pages."""

    def __init__(self, data: Dataset, day: str):
        self.data, self.modified, self.objects = data, max(f"{day}T00:00:00.000Z", CREATED), []
        self.names = data.states.set_index("code")["name"].to_dict()
        cited = data.citations.drop_duplicates(["table", "record_id", "source_id"]).merge(data.sources, on="source_id")
        self.pages = {}
        for row in cited.sort_values(["table", "record_id", "source_id"]).itertuples():
            page = {"source_name": row.publisher, "description": row.title, "url": row.url}
            self.pages.setdefault((row.table, row.record_id), []).append(page)
        #: Relationships by attribution, and by incident and accused state.
        self.charges: dict = {}
        #: Objects that a joint text or coordinated day ties together.
        self.tied: dict = {}

    def add(self, kind: str, key: str, **properties) -> str:
        """Add an object; properties that are None or empty are left out."""
        made = {
            "type": kind,
            "spec_version": "2.1",
            "id": identifier(kind, key),
            "created_by_ref": ME,
            "created": CREATED,
            "modified": self.modified,
            "object_marking_refs": [LICENCE, TLP],
        }
        self.objects.append(made | {name: value for name, value in properties.items() if value not in (None, "", [])})
        return made["id"]

    def row(self, kind: str, table: str, row: dict, suffix: str = "", references=(), **properties) -> str:
        """Add an object made from a row of a table."""
        record = row[schemas.KEYS[table][0]]
        told = [{"source_name": "CARD", "external_id": record}, *references, *self.pages.get((table, record), [])]
        coded = {"extension_type": "property-extension", "table": table, "record": record}
        for name in schemas.columns(table):
            if schemas.meta(table, name) and row[name] is not None:
                coded[name] = row[name]
        made = self.add(kind, record + suffix, **properties, external_references=told, extensions={EXTENSION: coded})
        if table != "statements" and row.get("statement_id"):
            self.tied.setdefault(row["statement_id"], []).append(made)
        return made

    def who(self, row: dict, code: str, body: str | None = None) -> str:
        """The speaker of a row in words."""
        return f"{self.names[row[code]]} ({body or row['body']})"


def bundle(data: Dataset, day: str) -> dict:
    """The dataset as a STIX 2.1 bundle.

    Parameters
    ----------
    data : Dataset
    day : str
        Day of the release, ISO text: when the objects were last modified.

    Returns
    -------
    dict
        Ready to be written as JSON.  Objects stand in the order of the tables.
    """
    maker = _Maker(data, day)
    _frame(maker)
    for code, name in maker.names.items():
        maker.add("identity", f"state:{code}", name=name, identity_class="organization",
                  external_references=[{"source_name": "CARD", "external_id": code}])  # fmt: skip
    for add, frame in (
        (_actor, data.actors),
        (_incident, data.incidents),
        (_target, data.targets),
        (_accusation, data.attributions[data.attributions["stance"].isin(ACCUSING)]),
        (_support, data.attributions[~data.attributions["stance"].isin(ACCUSING)]),
        (_response, data.responses),
        (_reply, data.denials),
        (_statement, data.statements),
    ):
        for row in _rows(frame):
            add(maker, row)
    return {"type": "bundle", "id": identifier("bundle", data.version), "objects": maker.objects}


def _rows(frame: pd.DataFrame) -> list[dict]:
    """Rows as dictionaries of plain Python values, None where a cell is empty."""
    plain = frame.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


def _frame(maker: _Maker) -> None:
    """Add the author, the markings and the extension."""
    always = {"spec_version": "2.1", "created": CREATED}
    maker.objects += [
        {"type": "marking-definition", "spec_version": "2.1", "id": TLP, "created": "2017-01-20T00:00:00.000Z",
         "definition_type": "tlp", "name": "TLP:WHITE", "definition": {"tlp": "white"}},
        {"type": "identity", "id": ME, **always, "modified": CREATED, "name": "CARD contributors",
         "identity_class": "group", "description": "Makers of the dataset. They record who accused whom in public, and do not accuse."},
        {"type": "marking-definition", "id": LICENCE, **always, "created_by_ref": ME, "definition_type": "statement",
         "definition": {"statement": f"CARD contributors, version {maker.data.version}, CC BY 4.0"}},
        {"type": "extension-definition", "id": EXTENSION, **always, "modified": CREATED, "created_by_ref": ME,
         "name": "CARD coding", "description": "The coded columns of the row of CARD that an object was made from.",
         "schema": " ".join(CODING_SCHEMA.split()), "version": "1.0.0", "extension_types": ["property-extension"]},
    ]  # fmt: skip


def _state(code: str) -> str:
    return identifier("identity", f"state:{code}")


def _actor_id(maker: _Maker, actor: str) -> str:
    kind = maker.data.actors.set_index("actor_id")["kind"][actor]
    return identifier("intrusion-set" if kind == "group" else "threat-actor", actor)


def _campaign(row: dict) -> str:
    return identifier("campaign", row["incident_id"])


def _actor(maker: _Maker, row: dict) -> None:
    kind = "intrusion-set" if row["kind"] == "group" else "threat-actor"
    mitre = row["mitre_id"]
    known = [{"source_name": "mitre-attack", "external_id": mitre}] if mitre else []
    aliases = row["aliases"].split("|") if row["aliases"] else []
    said = "A name that accusers used." + (f" One tied it to: {row['organ']}." if row["organ"] else "")
    maker.row(kind, "actors", row, references=known, name=row["name"], description=said, aliases=aliases,
              labels=[row["kind"]])  # fmt: skip


def _instant(date: str | None, precision: str | None) -> str | None:
    """A day as STIX writes times; None unless it is exact."""
    return f"{date}T00:00:00.000Z" if date and precision == "day" else None


def _incident(maker: _Maker, row: dict) -> None:
    others = [item.partition(":") for item in (row["other_ids"] or "").split("|") if item]
    known = [{"source_name": source, "external_id": found} for source, _, found in others]
    first = _instant(row["start_date"], row["start_precision"])
    last = _instant(row["end_date"], row["end_precision"])
    made = maker.row("campaign", "incidents", row, references=known, name=row["title"], description=row["summary"],
                     labels=[row["kind"], row["operation_type"]], first_seen=first, last_seen=last)  # fmt: skip
    if row["part_of"]:
        maker.add("relationship", f"{row['incident_id']}:part-of", relationship_type="related-to", source_ref=made,
                  target_ref=identifier("campaign", row["part_of"]), description="is part of")  # fmt: skip


def _target(maker: _Maker, row: dict) -> None:
    sector = SECTORS.get(row["category"])
    kind = "class" if row["category"] == "individuals" else "organization"
    made = maker.row("identity", "targets", row, name=row["name"], identity_class=kind,
                     sectors=[sector] if sector else [], labels=[row["category"]])  # fmt: skip
    maker.add("relationship", row["target_id"], relationship_type="targets", source_ref=_campaign(row), target_ref=made)


def _accusation(maker: _Maker, row: dict) -> None:
    who, named = maker.who(row, "attributor"), maker.names.get(row["accused_state"])
    said = f"{who}, {row['date']}: {vocab.STATE_LINK[row['state_link']]}" + (f" ({named})." if named else ".")
    said += f" Stance: {vocab.STANCE[row['stance']]}. Confidence: {vocab.CONFIDENCE[row['confidence']]}."
    said += " This records an accusation as it was made; it does not say that it is true."
    common = {"labels": [row["stance"], row["form"]]}
    ends = {}
    if row["accused_state"]:
        ends[""] = _state(row["accused_state"])
    if row["actor_id"]:
        ends[":actor"] = _actor_id(maker, row["actor_id"])
    for suffix, end in ends.items():
        made = maker.row("relationship", "attributions", row, suffix, relationship_type="attributed-to", description=said,
                         source_ref=_campaign(row), target_ref=end, confidence=CONFIDENCE.get(row["confidence"]), **common)  # fmt: skip
        for key in ((row["attribution_id"],), (row["incident_id"], row["accused_state"])):
            maker.charges.setdefault(key, []).append(made)
        speaker = (row["incident_id"], row["accused_state"], row["attributor"])
        maker.charges.setdefault(speaker, []).append(made)
    if not ends:
        maker.row("note", "attributions", row, content=said, authors=[who],
                  object_refs=[_campaign(row), _state(row["attributor"])], **common)  # fmt: skip


def _charges(maker: _Maker, row: dict, *keys: tuple) -> list[str]:
    """What an opinion is about: the relationships of the first key that has any, else the campaign."""
    return next((maker.charges[key] for key in keys if key in maker.charges), [_campaign(row)])


def _support(maker: _Maker, row: dict) -> None:
    who = maker.who(row, "attributor")
    about = _charges(maker, row, (row["refers_to"],), (row["incident_id"], row["accused_state"]))
    maker.row("opinion", "attributions", row, opinion=OPINION[row["stance"]], authors=[who], object_refs=about,
              explanation=f"{who}, {row['date']}: {vocab.STANCE[row['stance']]}.", labels=[row["stance"], row["form"]])  # fmt: skip


def _response(maker: _Maker, row: dict) -> None:
    who = maker.who(row, "responder")
    parts = [f"{who}, {row['date_announced']}: {vocab.RESPONSE_TYPE[row['type']]}."]
    parts += [f"In effect from {row['date_executed']}."] if row["date_executed"] else []
    parts += [f"{row[name]} {name[2:]}." for name in ("n_persons", "n_entities") if row[name]]
    parts += [f"Contested at home: {row['contestation']}"] if row["contestation"] else []
    about = [_campaign(row), *(_state(row[side]) for side in ("responder", "against") if row[side])]
    maker.row("note", "responses", row, abstract=f"{row['type']}: {maker.names[row['responder']]}, {row['date_announced']}",
              content=" ".join(parts), authors=[who], object_refs=list(dict.fromkeys(about)), labels=[row["type"]])  # fmt: skip


def _reply(maker: _Maker, row: dict) -> None:
    who = maker.who(row, "accused_state", vocab.OFFICE[row["office"]])
    pair = (row["incident_id"], row["accused_state"])
    # A reply to several accusers names the first accusation that it answers, but answers all.
    keys = [(row["attribution_id"],), (*pair, row["addressed_to"])] if row["addressed_to"] else []
    about = _charges(maker, row, *keys, pair)
    used = [name for name in vocab.STRATEGY if row[name] == 1]
    said = f"{who}, {row['date']}: {vocab.POSTURE[row['posture']]}."
    said += f" Strategies: {', '.join(used)}." if used else ""
    maker.row("opinion", "denials", row, opinion=OPINION[row["posture"]], authors=[who], object_refs=about,
              explanation=said, labels=[row["posture"], *used])  # fmt: skip


def _statement(maker: _Maker, row: dict) -> None:
    tied = maker.tied.get(row["statement_id"])
    if tied:
        first = earliest(pd.Series([row["date"]], dtype=object))[0]
        maker.row("report", "statements", row, name=row["title"], labels=[row["kind"]], object_refs=tied,
                  published=f"{first:%Y-%m-%d}T00:00:00.000Z")  # fmt: skip
