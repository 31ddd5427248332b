"""The deposit holds report, code and data with an RO-Crate that describes them, and refuses a report of other tables."""

import hashlib
import io
import json
import zipfile

import pytest

from analysis import codebook, deposit, metadata, paths, results, runner
from analysis.cli import main
from analysis.errors import CardError


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A build folder with a report, and nothing stale."""
    folder = tmp_path / "build"
    folder.mkdir()
    for name in deposit.REPORTS:
        (folder / name).write_text(f"made for a test: {name}", "utf-8")
    monkeypatch.setattr(paths, "BUILD", folder)
    monkeypatch.setattr(codebook, "generated", dict)
    return folder


@pytest.fixture
def matching(monkeypatch):
    """Results that are the expected ones."""
    monkeypatch.setattr(results, "gather", lambda *_: results.Results())
    monkeypatch.setattr(results, "compare", lambda *_: ([], []))


def graph(version="9.9.9") -> dict[str, dict]:
    files = deposit.crate(version)
    made = json.loads(files["ro-crate-metadata.json"])["@graph"]
    assert len({one["@id"] for one in made}) == len(made)
    return {one["@id"]: one for one in made}


def test_every_reference_of_the_crate_leads_to_an_entity_and_every_file_is_in_it(build):
    files, entities = deposit.crate("9.9.9"), graph()
    for one in entities.values():
        for key, value in one.items():
            for end in value if isinstance(value, list) else [value]:
                if isinstance(end, dict) and key != "conformsTo":
                    assert end["@id"] in entities, (one["@id"], end)
    for name, one in entities.items():
        if "File" in one["@type"]:
            assert one["sha256"] == hashlib.sha256(files[name]).hexdigest()
            assert one["contentSize"] == str(len(files[name])) and one["license"]["@id"] in deposit.LICENCES
        elif name in deposit.FOLDERS:
            assert any(file.startswith(name) for file in files)
    listed = {part["@id"] for part in entities["./"]["hasPart"]}
    assert listed == {name for name, one in entities.items() if name in deposit.FOLDERS or "File" in one["@type"]}


def test_the_crate_holds_report_code_and_data_and_nothing_made_besides(build):
    files = deposit.crate("9.9.9")
    assert {"build/report.pdf", "reproduce.py", "analysis/dyads.py", "dataset/tables/incidents.csv"} <= set(files)
    assert {"requirements.lock", "notebooks/runs.toml", "report/report.md", "codemeta.json"} <= set(files)
    assert not any("__pycache__" in name or name.startswith((".venv", ".git/")) for name in files)
    assert {name for name in files if name.startswith("build/")} == {f"build/{name}" for name in deposit.REPORTS}
    assert all(name in files for name in deposit.FILES)


def test_the_crate_tells_how_the_report_came_about(build):
    entities = graph()
    action = entities["#reproduction"]
    assert action["instrument"] == {"@id": "reproduce.py"}
    assert {"@id": "dataset/tables/attributions.csv"} in action["object"]
    assert {one["@id"] for one in action["result"]} == {f"build/{name}" for name in deposit.REPORTS}
    assert "coded by machine" in entities["./"]["description"]


def test_without_git_the_same_source_files_are_found(build, monkeypatch):
    with_git = {name for name in deposit._repository() if not name.startswith(".")}
    monkeypatch.setenv("PATH", "")
    assert with_git <= set(deposit._repository())


def test_the_deposit_is_whole_and_the_same_twice(build, matching):
    version, files = deposit.deposit()
    before = {path.relative_to(build): path.read_bytes() for path in files}
    assert version == codebook.current_version()
    again = {path.relative_to(build): path.read_bytes() for path in deposit.deposit()[1]}
    assert again == before
    folder = build / "zenodo" / "files"
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    for name, wanted in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == wanted
    assert {name.removeprefix(f"card-{version}-") for name in sums} == {
        "crate.zip", "report.pdf", "dyads.csv", "dyads.dta", "stix.json",
    }  # fmt: skip
    with zipfile.ZipFile(io.BytesIO((folder / f"card-{version}-crate.zip").read_bytes())) as archive:
        assert archive.testzip() is None and "ro-crate-metadata.json" in archive.namelist()
    assert not [path for path in build.iterdir() if path.name.startswith(".zenodo")]


def test_zenodo_is_told_the_version_and_a_working_state_is_marked():
    stated = deposit.zenodo("9.9.9")["metadata"]
    assert stated["version"] == "9.9.9" and stated["license"] == "cc-by-4.0" and stated["upload_type"] == "dataset"
    assert stated["creators"] == [{"name": author["name"]} for author in metadata.citation()["authors"]]
    assert "not for upload" not in stated["notes"] and "coded by machine" in stated["description"]
    assert "not for upload" in deposit.zenodo("9.9.9+unreleased")["metadata"]["notes"]


def test_a_missing_report_is_refused_with_what_makes_it(build, capsys):
    (build / "report.pdf").unlink()
    assert main(["deposit"]) == 1
    assert "report.pdf is missing; make it with `reproduce` first" in capsys.readouterr().err
    assert not (build / "zenodo").exists()


def test_a_report_of_other_results_is_refused_and_an_earlier_deposit_stays(build, matching, monkeypatch):
    deposit.deposit()
    kept = (build / "zenodo" / "metadata.json").read_bytes()
    monkeypatch.setattr(results, "compare", lambda *_: (["number a.b: expected 1, found 2"], []))
    with pytest.raises(CardError, match="first: number a.b: expected 1, found 2"):
        deposit.deposit()
    assert (build / "zenodo" / "metadata.json").read_bytes() == kept


def test_results_that_were_not_made_are_refused(build):
    first = runner.plan()[0].name
    with pytest.raises(CardError, match=f"{first} has not been run"):
        deposit.deposit()


def test_stale_metadata_are_refused(build, matching, monkeypatch):
    monkeypatch.setattr(codebook, "generated", lambda: {paths.DATASET / "croissant.json": "other"})
    with pytest.raises(CardError, match="croissant.json is stale; write it anew with `codebook`"):
        deposit.deposit()
