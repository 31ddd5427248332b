"""Data package, Croissant and CodeMeta describe the files that are there, and say what a user must know."""

import csv
import hashlib
import json
import re
import shutil

import pandas as pd
import pytest
import yaml

from analysis import codebook, datapackage, metadata, paths, schemas, vocab

PACKAGE = json.loads((paths.DATASET / "datapackage.json").read_text("utf-8"))
CROISSANT = json.loads((paths.DATASET / "croissant.json").read_text("utf-8"))
CODEMETA = json.loads((paths.ROOT / "codemeta.json").read_text("utf-8"))
RESOURCES = {resource["name"]: resource for resource in PACKAGE["resources"]}
CITED = yaml.safe_load(paths.CITATION.read_text("utf-8"))


def test_metadata_are_among_the_generated_pages_so_that_stale_ones_are_refused():
    names = {path.relative_to(paths.ROOT).as_posix() for path in codebook.generated()}
    assert {"dataset/CODEBOOK.md", "dataset/datapackage.json", "dataset/croissant.json", "codemeta.json"} <= names


def test_every_csv_file_of_the_dataset_is_a_resource_with_its_hash_size_and_rows():
    files = {p for p in paths.DATASET.rglob("*.csv") if "releases" not in p.relative_to(paths.DATASET).parts}
    assert {paths.DATASET / resource["path"] for resource in RESOURCES.values()} == files
    for resource in RESOURCES.values():
        raw = (paths.DATASET / resource["path"]).read_bytes()
        assert resource["hash"] == "sha256:" + hashlib.sha256(raw).hexdigest() and resource["bytes"] == len(raw)
        header, *body = csv.reader(raw.decode("utf-8").splitlines(keepends=True))
        assert [field["name"] for field in resource["schema"]["fields"]] == header and resource["rows"] == len(body)


def test_keys_lead_to_columns_that_exist_and_are_unique():
    count = 0
    for name, resource in RESOURCES.items():
        columns = {field["name"] for field in resource["schema"]["fields"]}
        assert set(resource["schema"]["primaryKey"]) <= columns
        for key in resource["schema"].get("foreignKeys", []):
            other = RESOURCES[key["reference"]["resource"] or name]["schema"]
            assert set(key["fields"]) <= columns and key["reference"]["fields"] == other["primaryKey"]
            count += name in schemas.TABLES
    assert count == len(schemas.references())


def test_constraints_are_those_of_the_schemas():
    fields = {(name, f["name"]): f for name in schemas.TABLES for f in RESOURCES[name]["schema"]["fields"]}
    link = fields["attributions", "state_link"]
    assert link["type"] == "integer" and link["constraints"] == {"required": True, "enum": list(vocab.STATE_LINK)}
    assert link["categoriesOrdered"] and link["categories"][4] == {"value": 4, "label": vocab.STATE_LINK[4]}
    persons = fields["responses", "n_persons"]
    assert persons["unit"] == "persons" and persons["constraints"] == {"minimum": 0, "maximum": 1_000_000}
    key = fields["incidents", "incident_id"]["constraints"]
    assert key["required"] and key["unique"] and re.fullmatch(key["pattern"], "2021-uk-electoral-commission")
    assert not re.fullmatch(key["pattern"], "x2021-uk")
    assert fields["incidents", "title"]["constraints"]["maxLength"] == 120
    for field in fields.values():
        assert not str(field["constraints"].get("pattern", "")).startswith("^")


def test_second_codings_are_described_with_both_coders_in_their_key():
    coded = [name for name in RESOURCES if name.startswith("reliability-") and name != "reliability-audits"]
    assert coded
    for name in coded:
        schema = RESOURCES[name]["schema"]
        assert schema["primaryKey"][1:] == ["coder", "round"]
        assert not any(field["constraints"].get("unique") for field in schema["fields"])


def test_columns_of_second_codings_that_are_required_hold_no_empty_cell():
    for name in (name for name in RESOURCES if name.startswith("reliability-")):
        frame = pd.read_csv(paths.DATASET / RESOURCES[name]["path"], dtype=str)
        for field in RESOURCES[name]["schema"]["fields"]:
            assert not field.get("constraints", {}).get("required") or frame[field["name"]].notna().all()


def test_author_licence_and_version_are_those_of_the_citation_file():
    version = codebook.current_version()
    assert PACKAGE["version"] == CROISSANT["version"] == CODEMETA["version"] == version
    assert [one["title"] for one in PACKAGE["contributors"]] == [one["name"] for one in CITED["authors"]]
    assert [one["name"] for one in CROISSANT["creator"]] == [one["name"] for one in CODEMETA["author"]]
    assert CODEMETA["author"][0]["type"] == "Organization"
    assert PACKAGE["licenses"][0]["name"] in CITED["license"]
    assert CROISSANT["license"] == PACKAGE["licenses"][0]["path"]
    assert CODEMETA["license"].endswith("/MIT") and CODEMETA["supportingData"]["license"].endswith("/CC-BY-4.0")


def test_only_a_released_version_has_a_day():
    for version, has in (("9.9.9", True), ("9.9.9+unreleased", False)):
        assert ("created" in json.loads(datapackage.render(None, version))) == has
        assert ("datePublished" in json.loads(metadata.codemeta(version))) == has


def test_every_form_says_that_rows_were_coded_by_machine_and_that_no_row_says_what_is_true():
    for text in (PACKAGE["description"], json.dumps(CROISSANT)):
        assert "coded by machine" in text and all(limit in text for limit in metadata.LIMITS)


def test_rows_coded_by_machine_are_counted(tiny):
    text = json.loads(datapackage.render(tiny, "1.0.0"))["description"]
    total = int(re.search(r"([0-9]+) of ([0-9]+) coded rows", text)[2])
    assert f"{total} of {total} coded rows" in text
    path = tiny / "tables" / "actors.csv"
    path.write_text(path.read_text("utf-8").replace("auto-1", "0000-0002-1825-0097", 1), "utf-8")
    assert f"{total - 1} of {total} coded rows" in json.loads(datapackage.render(tiny, "1.0.0"))["description"]


def test_croissant_describes_every_table_and_column_and_the_hash_of_each_file():
    files = {one["@id"]: one for one in CROISSANT["distribution"]}
    sets = {one["@id"]: one for one in CROISSANT["recordSet"]}
    for name in schemas.TABLES:
        raw = (paths.DATASET / files[f"{name}.csv"]["contentUrl"]).read_bytes()
        assert files[f"{name}.csv"]["sha256"] == hashlib.sha256(raw).hexdigest()
        columns = [field["source"]["extract"]["column"] for field in sets[name]["field"]]
        assert columns == list(schemas.columns(name))
        assert {field["source"]["fileObject"]["@id"] for field in sets[name]["field"]} == {f"{name}.csv"}
        assert [key["@id"] for key in sets[name]["key"]] == [f"{name}/{column}" for column in schemas.KEYS[name]]


def test_croissant_lists_the_codes_of_every_vocabulary_in_use():
    sets = {one["@id"]: one for one in CROISSANT["recordSet"]}
    for name in schemas.TABLES:
        for column in schemas.columns(name):
            if used := schemas.meta(name, column).get("vocab"):
                label = f"codes-{used.lower().replace('_', '-')}"
                assert [row[f"{label}/code"] for row in sets[label]["data"]] == list(getattr(vocab, used))


def test_codemeta_names_every_dependency_of_the_project():
    named = {one["name"]: one["version"] for one in CODEMETA["softwareRequirements"]}
    assert named["pandas"].startswith(">=") and named["pandera"].startswith(">=")
    project = (paths.ROOT / "pyproject.toml").read_text("utf-8").partition("dependencies = [")[2].partition("\n]")[0]
    assert set(named) == set(re.findall(r'^ *"([a-z0-9-]+)', project, re.M))


def test_the_citation_for_bibtex_names_the_version():
    found = metadata.bibtex("1.2.3", CITED)
    assert found.startswith("@misc{card, ") and found.count("{") == found.count("}")
    assert "{CARD contributors}" in found and "version = {1.2.3}" in found


@pytest.mark.parametrize("made", [datapackage.render, metadata.croissant])
def test_a_changed_table_changes_its_hash_and_nothing_has_a_place_outside_the_folder(made, tiny):
    before = made(tiny, "1.0.0")
    path = tiny / "tables" / "actors.csv"
    path.write_text(path.read_text("utf-8").replace("APT31,", "APT-31,", 1), "utf-8")
    after = made(tiny, "1.0.0")
    assert before != after and str(tiny) not in after
    assert made(shutil.copytree(tiny, tiny.parent / "elsewhere"), "1.0.0") == after
