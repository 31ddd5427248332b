"""The STIX bundle holds every row once, says who accused whom and never who did it, and keeps its ids."""

import json
import re

import pytest

from analysis import exports, schemas, stix, vocab
from analysis.dataset import load
from analysis.selection import ACCUSING

DATA = load()
DAY = "2026-12-24"
BUNDLE = stix.bundle(DATA, DAY)
OBJECTS = BUNDLE["objects"]
BY_ID = {one["id"]: one for one in OBJECTS}
#: What the standard requires of each type beyond what all objects have.
REQUIRED = {
    "campaign": {"name"},
    "identity": {"name"},
    "intrusion-set": {"name"},
    "threat-actor": {"name"},
    "note": {"content", "object_refs"},
    "opinion": {"opinion", "object_refs"},
    "relationship": {"relationship_type", "source_ref", "target_ref"},
    "report": {"name", "published", "object_refs"},
    "extension-definition": {"name", "schema", "version", "extension_types"},
    "marking-definition": {"definition_type", "definition"},
}
#: Open vocabulary of the standard for the sectors of an identity.
SECTORS = {
    "agriculture", "aerospace", "automotive", "chemical", "commercial", "communications", "construction", "defense",
    "education", "energy", "entertainment", "financial-services", "government", "healthcare", "hospitality-leisure",
    "infrastructure", "insurance", "manufacturing", "mining", "non-profit", "pharmaceuticals", "retail", "technology",
    "telecommunications", "transportation", "utilities", "water",
}  # fmt: skip


def made_from(table: str) -> dict[str, list[dict]]:
    """Objects made from the rows of a table, by record."""
    out = {}
    for one in OBJECTS:
        coded = one.get("extensions", {}).get(stix.EXTENSION, {})
        if coded.get("table") == table:
            out.setdefault(coded["record"], []).append(one)
    return out


def test_objects_have_what_the_standard_requires():
    assert BUNDLE["type"] == "bundle" and len(BY_ID) == len(OBJECTS)
    instant = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T00:00:00\.000Z$")
    for one in OBJECTS:
        assert one["spec_version"] == "2.1" and instant.match(one["created"])
        assert re.match(
            rf"^{one['type']}--[0-9a-f]{{8}}-[0-9a-f]{{4}}-[45][0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-", one["id"]
        )
        assert REQUIRED[one["type"]] <= set(one), one["id"]
        assert one["type"] == "marking-definition" or one["modified"] >= one["created"]
        assert None not in one.values() and "" not in one.values() and [] not in one.values()


def test_every_reference_leads_to_another_object_of_the_bundle():
    for one in OBJECTS:
        ends = [one[key] for key in one if key.endswith("_ref")]
        ends += [end for key in one if key.endswith("_refs") for end in one[key]]
        assert set(ends) <= set(BY_ID) - {one["id"]}, one["id"]


@pytest.mark.parametrize("table", ["incidents", "targets", "actors", "attributions", "responses", "denials"])
def test_every_row_becomes_objects_and_carries_its_coded_columns(table):
    made, frame = made_from(table), getattr(DATA, table)
    key = schemas.KEYS[table][0]
    assert set(made) == set(frame[key])
    for row in frame.to_dict("records"):
        for one in made[row[key]]:
            coded = one["extensions"][stix.EXTENSION]
            for column in schemas.columns(table):
                if schemas.meta(table, column) and row[column] is not None and row[column] == row[column]:
                    assert coded[column] == row[column]


def test_an_accusation_is_a_relationship_to_the_state_and_to_the_actor_that_it_names():
    made = made_from("attributions")
    for row in DATA.attributions.itertuples():
        ours = made[row.attribution_id]
        if row.stance not in ACCUSING:
            assert [one["type"] for one in ours] == ["opinion"]
            continue
        ends = []
        if row.accused_state:
            ends.append(stix.identifier("identity", f"state:{row.accused_state}"))
        if row.actor_id:
            ends.append(made_from_actor(row.actor_id)["id"])
        if not ends:
            assert [one["type"] for one in ours] == ["note"]
            continue
        assert [one["target_ref"] for one in ours] == ends
        assert {one["relationship_type"] for one in ours} == {"attributed-to"}
        assert {one["source_ref"] for one in ours} == {stix.identifier("campaign", row.incident_id)}


ACTORS = made_from("actors")


def made_from_actor(actor: str) -> dict:
    return ACTORS[actor][0]


def test_an_accusation_begins_with_the_accuser_and_says_that_it_is_one():
    names = DATA.states.set_index("code")["name"]
    made = made_from("attributions")
    for row in DATA.attributions.itertuples():
        for one in made[row.attribution_id]:
            said = one.get("description") or one.get("explanation") or one.get("content")
            assert said.startswith(f"{names[row.attributor]} ({row.body}), {row.date}: ")
            if one["type"] == "relationship":
                assert said.endswith("This records an accusation as it was made; it does not say that it is true.")


def test_no_state_is_a_threat_actor_and_nobody_is_said_to_be_guilty():
    states = {stix.identifier("identity", f"state:{code}") for code in DATA.states["code"]}
    assert all(BY_ID[end]["type"] == "identity" for end in states)
    assert not {one["name"] for one in OBJECTS if one["type"] == "threat-actor"} & set(DATA.states["name"])
    for one in OBJECTS:
        for key in ("description", "explanation", "content", "abstract"):
            assert not re.search(r"\bguilty\b|\bculprit|\bperpetrator", one.get(key, ""), re.I), one["id"]


def test_a_reply_is_an_opinion_on_the_accusation_that_it_answers():
    made, charges = made_from("denials"), made_from("attributions")
    accused = DATA.attributions.set_index("attribution_id")
    for row in DATA.denials.itertuples():
        (one,) = made[row.denial_id]
        assert one["type"] == "opinion" and one["opinion"] == stix.OPINION[row.posture]
        if row.addressed_to and row.attribution_id and accused.loc[row.attribution_id, "stance"] in ACCUSING:
            assert one["object_refs"] == [charge["id"] for charge in charges[row.attribution_id]]
        for end in one["object_refs"]:
            about = BY_ID[end]
            assert about["type"] in ("relationship", "campaign")
            if about["type"] == "relationship":
                coded = about["extensions"][stix.EXTENSION]
                assert coded["incident_id"] == row.incident_id
                # An accusation that names a group alone has no accused state, and the state may answer all the same.
                assert coded.get("accused_state", row.accused_state) == row.accused_state


def test_a_reply_to_several_is_about_all_accusations_of_the_incident(tiny):
    bundle = stix.bundle(load(tiny), DAY)
    record = "2022-apt40-australian-networks.d01"
    (reply,) = [one for one in bundle["objects"] if _record(one) == record]
    by_id = {one["id"]: one for one in bundle["objects"]}
    records = {_record(by_id[end]) for end in reply["object_refs"]}
    assert records == {f"2022-apt40-australian-networks.a0{number}" for number in (1, 2, 4)}


def _record(one: dict) -> str:
    return one.get("extensions", {}).get(stix.EXTENSION, {}).get("record", "")


def test_the_maps_know_every_code_and_use_the_words_of_the_standard():
    supports = set(vocab.STANCE) - set(ACCUSING)
    assert set(stix.OPINION) == set(vocab.POSTURE) | supports
    assert set(stix.OPINION.values()) <= {"strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"}
    assert set(stix.CONFIDENCE) == set(vocab.CONFIDENCE) - {"none", "possible"}
    assert set(stix.SECTORS) <= set(vocab.TARGET_CATEGORY) and set(stix.SECTORS.values()) <= SECTORS


def test_no_confidence_is_made_up():
    made = made_from("attributions")
    for row in DATA.attributions.itertuples():
        for one in made[row.attribution_id]:
            wanted = stix.CONFIDENCE.get(row.confidence) if one["type"] == "relationship" else None
            assert one.get("confidence") == wanted


def test_every_object_of_a_row_names_the_pages_that_the_row_cites():
    urls = DATA.sources.set_index("source_id")["url"]
    for table in ("attributions", "responses", "denials", "incidents"):
        cited = DATA.citations[DATA.citations["table"] == table]
        for record, ours in made_from(table).items():
            wanted = set(urls[cited.loc[cited["record_id"] == record, "source_id"]])
            for one in ours:
                assert {page["url"] for page in one["external_references"] if "url" in page} == wanted


def test_vague_dates_become_no_times():
    made = made_from("incidents")
    for row in DATA.incidents.itertuples():
        (one,) = made[row.incident_id]
        assert ("first_seen" in one) == (row.start_precision == "day")
        assert ("last_seen" in one) == (row.end_precision == "day")


def test_ids_stay_from_version_to_version_and_times_are_those_of_releases():
    later = stix.bundle(DATA, "2027-06-01")
    assert [one["id"] for one in later["objects"]] == [one["id"] for one in OBJECTS]
    (row,) = [one for one in later["objects"] if one["type"] == "campaign"][:1]
    assert row["created"] == stix.CREATED and row["modified"] == "2027-06-01T00:00:00.000Z"


def test_the_file_is_the_bundle():
    assert json.loads(exports.as_stix(DATA, DAY)["stix.json"]) == BUNDLE
