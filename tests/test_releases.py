"""Released versions are frozen, verified, read under today's schemas, and rerun to the results kept for them."""

import io
import json
import os
import shutil
import zipfile

import pandas as pd
import pytest

from analysis import (
    changes,
    codebook,
    dataset,
    freeze,
    migrations,
    paths,
    releases,
    reproduction,
    results,
    runner,
    schemas,
)
from analysis.cli import main
from analysis.errors import CardError, ParameterError

VERSIONS = list(releases.index())


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A build folder of its own."""
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setenv("CARD_BUILD", str(tmp_path / "build"))
    return tmp_path / "build"


@pytest.fixture
def repository(tmp_path):
    """A folder laid out like the repository, with few results."""
    root = tmp_path / "repository"
    shutil.copytree(paths.DATASET, root / "dataset", ignore=shutil.ignore_patterns("releases"))
    shutil.copytree(paths.EXPECTED / "tables", root / "report" / "expected" / "tables")
    shutil.copy(paths.CITATION, root)
    return root


def test_something_is_released():
    assert VERSIONS and VERSIONS[0] == "0.1.0"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_archive_of_every_version_is_the_one_recorded(version):
    with zipfile.ZipFile(releases.verified(version)) as archive:
        assert archive.testzip() is None
        package = json.loads(archive.read("dataset/datapackage.json"))
        assert package["version"] == version
        assert f"version: {version}" in archive.read("CITATION.cff").decode()
        assert {f"dataset/{item['path']}" for item in package["resources"]} <= set(archive.namelist())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_loads_under_todays_schemas(version, build):
    data = dataset.load(releases.locate("", version))
    assert data.version == version and len(data.incidents) > 0


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_reruns_to_the_results_kept_for_it(version, build):
    reproduction.reproduce(version=version, say=lambda line: None)
    assert (build / "versions" / version / "report.pdf").is_file()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_changelog_counts_the_rows_of_every_version(version, build):
    text = (paths.DATASET / "CHANGELOG.md").read_text("utf-8")
    part = text.partition(f"## {version} (")[2].partition("\n## ")[0]
    package = json.loads((releases.unpacked(version) / "dataset" / "datapackage.json").read_text("utf-8"))
    tables = [item for item in package["resources"] if not item["path"].startswith("reliability/")]
    assert len(tables) >= 11
    for resource in tables:
        assert f"| {resource['name']} | {resource['rows']} |" in part


def test_an_archive_that_was_changed_is_refused(tmp_path):
    folder = shutil.copytree(paths.RELEASES, tmp_path / "releases")
    archive = folder / f"card-{VERSIONS[0]}.zip"
    archive.write_bytes(archive.read_bytes() + b" ")
    with pytest.raises(CardError, match="is not the archive that was released"):
        releases.verified(VERSIONS[0], folder)
    archive.unlink()
    with pytest.raises(CardError, match="is missing"):
        releases.verified(VERSIONS[0], folder)


def test_a_version_that_was_never_released_is_refused_before_any_kernel_starts(capsys):
    with pytest.raises(ParameterError, match="no version '9.9.9' was released; there are 0.1.0"):
        runner.plan(version="9.9.9")
    assert main(["reproduce", "--dataset-version", "9.9.9"]) == 1
    assert "there are 0.1.0" in capsys.readouterr().err


def test_a_folder_and_a_version_together_are_refused():
    with pytest.raises(ParameterError, match="both given"):
        releases.locate("somewhere", VERSIONS[0])


def test_a_version_is_unpacked_once_and_nothing_half_written_stays(build):
    first = releases.unpacked(VERSIONS[0])
    marked = first / "dataset" / "seen"
    marked.touch()
    assert releases.unpacked(VERSIONS[0]) == first and marked.exists()
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_older_tables_are_read_through_the_migrations_newer_than_they_are(build, monkeypatch):
    def shorten(tables):
        return {**tables, "states": tables["states"].assign(name=tables["states"]["name"].str[:3])}

    monkeypatch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, ("9.0.0", shorten)])
    frame = pd.read_csv(releases.unpacked(VERSIONS[0]) / "migrated" / "tables" / "states.csv")
    assert frame["name"].str.len().max() == 3
    assert pd.read_csv(releases.unpacked(VERSIONS[0]) / "dataset" / "tables" / "states.csv")["name"].str.len().max() > 3


def test_migrations_apply_in_order_to_older_versions_only(monkeypatch):
    steps = [
        ("0.2.0", lambda tables: {**tables, "a": tables["a"] + "2"}),
        ("0.10.0", lambda t: {**t, "a": t["a"] + "x"}),
    ]
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    assert [migrations.migrate({"a": ""}, version)["a"] for version in ("0.1.9", "0.2.0", "0.9.0", "0.10.0")] == [
        "2x", "x", "x", "",
    ]  # fmt: skip


def test_the_same_state_packs_to_the_same_bytes_wherever_and_whenever(repository, tmp_path):
    other = shutil.copytree(repository, tmp_path / "elsewhere" / "card", copy_function=shutil.copy)
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
    assert freeze.pack(repository, "1.0.0") == freeze.pack(other, "1.0.0")


def test_an_archive_holds_no_earlier_archive(repository):
    freeze.record(repository, "1.0.0", "2026-11-22")
    names = zipfile.ZipFile(io.BytesIO(freeze.pack(repository, "1.1.0"))).namelist()
    assert not [name for name in names if "releases" in name] and "dataset/tables/incidents.csv" in names


def test_a_released_version_never_changes(repository):
    freeze.record(repository, "1.0.0", "2026-11-22")
    with pytest.raises(CardError, match="is released already"):
        freeze.record(repository, "1.0.0", "2026-11-23")


def _edited(repository, table, change):
    """The dataset with one table changed and its data package written anew."""
    file = repository / "dataset" / "tables" / f"{table}.csv"
    frame = change(pd.read_csv(file, dtype=str, keep_default_na=False))
    frame.to_csv(file, index=False, lineterminator="\n")
    return repository / "dataset"


def test_wording_is_a_patch(repository):
    new = _edited(repository, "incidents", lambda frame: frame.assign(title=frame["title"] + "."))
    needed, reasons = freeze.level(paths.DATASET, new)
    assert needed == "patch" and reasons[0].startswith("patch: incidents.title: cells changed (")


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("targets", lambda frame: frame.iloc[1:]),
        ("attributions", lambda frame: frame.assign(confidence="none")),
        ("responses", lambda frame: frame.assign(n_persons="7")),
        ("denials", lambda frame: frame.assign(date="2024-01-01")),
    ],
)
def test_rows_and_coded_values_are_minor(repository, table, change):
    assert freeze.level(paths.DATASET, _edited(repository, table, change))[0] == "minor"


def _redefined(repository, change):
    file = repository / "dataset" / "datapackage.json"
    package = json.loads(file.read_text("utf-8"))
    change(package["resources"])
    file.write_text(json.dumps(package))
    return repository / "dataset"


@pytest.mark.parametrize(
    "change",
    [
        lambda tables: tables[0]["schema"]["fields"].pop(),
        lambda tables: tables[0]["schema"]["fields"][3]["constraints"]["enum"].append("new"),
        lambda tables: tables[0]["schema"].update(primaryKey=["title"]),
        lambda tables: tables[0]["schema"]["fields"][0].update(type="integer"),
    ],
    ids=["column", "code", "key", "type"],
)
def test_columns_codes_keys_and_types_are_major(repository, change):
    assert freeze.level(paths.DATASET, _redefined(repository, change))[0] == "major"


def test_nothing_changed_needs_no_version(repository):
    assert freeze.level(paths.DATASET, repository / "dataset") == ("none", [])


@pytest.mark.parametrize(
    ("last", "needed", "following"),
    [
        ("1.2.3", "patch", "1.2.4"), ("1.2.3", "minor", "1.3.0"), ("1.2.3", "major", "2.0.0"),
        ("0.2.3", "major", "0.3.0"), ("0.2.3", "none", "0.2.4"),
    ],
)  # fmt: skip
def test_the_next_version_follows_from_the_change(last, needed, following):
    assert freeze.following(last, needed) == following
    freeze.require_step(last, following, needed)
    freeze.require_step(last, "9.0.0", needed)


@pytest.mark.parametrize(
    ("version", "needed", "said"),
    [
        ("1.2.4", "minor", "too small a step from 1.2.3: the change is minor; the next version is 1.3.0"),
        ("1.9.0", "major", "the next version is 2.0.0"),
        ("1.2.3", "patch", "does not come after 1.2.3"),
        ("1.1.9", "patch", "does not come after 1.2.3"),
    ],
)
def test_a_step_that_is_too_small_is_refused(version, needed, said):
    with pytest.raises(CardError, match=said):
        freeze.require_step("1.2.3", version, needed)


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "01.0.0", "1.0.0-dev"])
def test_a_word_that_is_no_version_is_refused(version):
    with pytest.raises(CardError, match="write three numbers"):
        freeze.release(version)


def test_a_version_that_exists_is_refused():
    with pytest.raises(CardError, match="is released already"):
        freeze.release(VERSIONS[0])


def test_a_release_is_refused_with_validation_switched_off(monkeypatch):
    from pandera.config import get_config_global

    monkeypatch.setattr(get_config_global(), "validation_enabled", False)
    with pytest.raises(CardError, match="switched off"):
        freeze.release("9.0.0")


@pytest.fixture
def released(monkeypatch):
    """`freeze.release` with everything passed that is not the matter of the test."""
    monkeypatch.setattr(freeze, "_require_clean", lambda: None)
    monkeypatch.setattr(freeze.subprocess, "run", lambda *words, **more: type("Done", (), {"returncode": 0})())
    monkeypatch.setattr(freeze.reproduction, "reproduce", lambda **more: None)
    return freeze.release


def test_a_dirty_working_tree_is_refused_and_its_files_named(monkeypatch):
    said = type("Said", (), {"stdout": " M dataset/tables/states.csv\n"})()
    monkeypatch.setattr(freeze.subprocess, "run", lambda *words, **more: said)
    with pytest.raises(CardError, match="not committed; commit them first:\n M dataset/tables/states.csv"):
        freeze._require_clean()


def test_failing_tests_of_the_data_are_refused(released, monkeypatch):
    monkeypatch.setattr(freeze.subprocess, "run", lambda *words, **more: type("Done", (), {"returncode": 1})())
    with pytest.raises(CardError, match="the tests of the data fail"):
        released("9.0.0", say=lambda line: None)


def _state() -> dict:
    folders = (paths.DATASET, paths.EXPECTED)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in [*files, paths.CITATION, paths.ROOT / "pyproject.toml"]}


def test_a_release_that_fails_midway_leaves_every_file_as_it_was(released, monkeypatch):
    def fail(*words):
        raise OSError("disk full")

    before = _state()
    monkeypatch.setattr(freeze, "record", fail)
    with pytest.raises(OSError, match="disk full"):
        released("9.0.0", say=lambda line: None)
    assert _state() == before


def test_the_section_of_the_change_log_counts_rows_and_accused_states(repository):
    new = _edited(repository, "targets", lambda frame: frame.iloc[2:])
    text = freeze.section(paths.DATASET, new, "1.0.0", "2026-11-22", "Words.")
    n = len(dataset.load(new).targets)
    assert text.startswith("## 1.0.0 (2026-11-22)\n\nWords.\n") and f"| targets | {n} | 0 | 0 | 2 |" in text
    assert "| RUS | " in text


def test_tables_that_changed_since_a_release_are_marked_unreleased(monkeypatch, tmp_path):
    stated = codebook.current_version().partition("+")[0]
    if stated not in VERSIONS:
        pytest.skip("the version in CITATION.cff is not released yet")
    root = tmp_path / "repository"
    with zipfile.ZipFile(releases.verified(stated)) as archive:
        archive.extractall(root)
    monkeypatch.setattr(paths, "ROOT", root)
    assert codebook.current_version() == stated
    with (root / "dataset" / "tables" / "states.csv").open("a") as file:
        file.write("x")
    assert codebook.current_version() == f"{stated}+unreleased"


def test_renewing_kept_results_needs_a_reason_and_tells_what_moved(build, tmp_path, monkeypatch):
    version = VERSIONS[0]
    monkeypatch.setattr(paths, "RENEWED", tmp_path / "renewed")
    with pytest.raises(CardError, match="give --why"):
        freeze.renew(version, " ")
    found = results.Results({"run.n": {"text": "1", "value": 1, "about": ""}})
    monkeypatch.setattr(results, "gather", lambda names, folder: found)
    moved = freeze.renew(version, "only one number is left")
    assert any("number" in line and "run.n" in line for line in moved)
    log = (tmp_path / "renewed" / version / "RENEWED.md").read_text("utf-8")
    assert "only one number is left" in log and all(line in log for line in moved)
    assert releases.kept(version) == tmp_path / "renewed" / version
    assert freeze.renew(version, "again") == []


def test_two_states_compare_by_version(build):
    rows, moved = changes.between(VERSIONS[0], VERSIONS[0])
    assert rows == [] and moved == []


def test_every_column_is_wording_or_coded():
    wording = {
        f"{table}.{column}"
        for table in schemas.TABLES
        for column in schemas.columns(table)
        if freeze.is_wording(table, column)
    }
    assert {"incidents.summary", "attributions.key_words", "sources.title", "denials.note"} <= wording
    assert not {"incidents.kind", "attributions.date", "responses.n_persons", "denials.flat_denial"} & wording
