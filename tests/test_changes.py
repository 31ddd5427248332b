"""Differences between two states are complete, keyed and told in a page that a reviewer can read."""

import json
import shutil
import subprocess

import pandas as pd
import pytest
from conftest import DATA, TODAY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import changes, schemas
from analysis.checks import check
from analysis.cli import main
from analysis.errors import CardError, DatasetError


def test_a_dataset_does_not_differ_from_itself(tiny):
    assert changes.table_changes(tiny, DATA / "base") == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_changed_cell_is_told_and_no_other(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("diff") / "tiny"
    shutil.copytree(DATA / "base", folder)
    table = data.draw(st.sampled_from([name for name in schemas.TABLES if name != "citations"]))
    path = folder / "tables" / f"{table}.csv"
    frame = pd.read_csv(path, dtype=object, keep_default_na=False)
    column = data.draw(st.sampled_from([name for name in frame.columns if name not in schemas.KEYS[table]]))
    chosen = data.draw(st.sets(st.integers(0, len(frame) - 1), max_size=3))
    for row in chosen:
        frame.loc[row, column] = f"other {frame.loc[row, column]}"
    frame.to_csv(path, index=False, lineterminator="\n")
    found = changes.table_changes(DATA / "base", folder)
    keys = {" ".join(frame.loc[row, list(schemas.KEYS[table])]) for row in chosen}
    assert {(change.key, change.column, change.kind) for change in found} == {(key, column, "changed") for key in keys}
    assert all(change.new == f"other {change.old}" for change in found)


def test_added_and_removed_rows_are_told(tiny):
    path = tiny / "tables" / "targets.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]))
    (removed,) = changes.table_changes(DATA / "base", tiny)
    (added,) = changes.table_changes(tiny, DATA / "base")
    assert (removed.kind, added.kind) == ("removed", "added") and removed.key == added.key == lines[1].split(",")[0]


def test_a_table_that_cannot_be_read_is_an_error_and_no_difference(broken):
    with pytest.raises(DatasetError):
        changes.table_changes(DATA / "base", broken("missing-column"))


def test_numbers_are_told_by_relative_change_and_files_by_name(tmp_path):
    for side, numbers, cell in (
        ("old", '{"a": 100, "b": 10, "c": 1}', "1"),
        ("new", '{"a": 101, "b": 20, "c": 1}', "2"),
    ):
        values = json.loads(numbers)
        (tmp_path / side / "tables").mkdir(parents=True)
        text = json.dumps({name: {"text": str(value), "value": value, "about": ""} for name, value in values.items()})
        (tmp_path / side / "numbers.json").write_text(text)
        (tmp_path / side / "tables" / "run.t.csv").write_text(f"a\n{cell}\n")
    assert changes.result_changes(tmp_path / "old", tmp_path / "new") == [
        "number b: 10 → 20",
        "number a: 100 → 101",
        "table run.t",
    ]


@pytest.fixture
def repository(tmp_path):
    """A throw-away repository with the small dataset at one revision."""
    root = tmp_path / "repository"
    shutil.copytree(DATA / "base", root / "dataset")
    (root / "report" / "expected").mkdir(parents=True)
    (root / "report" / "expected" / "numbers.json").write_text("{}")
    git = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    return root


def test_a_revision_is_compared_with_the_working_tree(repository):
    path = repository / "dataset" / "tables" / "states.csv"
    path.write_text(path.read_text().replace("Australia", "Australia (edited)"))
    rows, results = changes.between("main", "", repository)
    assert [str(change) for change in rows] == [
        "states: changed AUS, name: 'Australia' → 'Australia (edited)'"
    ] and results == []


def test_a_word_that_is_no_state_is_told(repository):
    with pytest.raises(CardError, match="neither a folder with tables nor a git revision"):
        changes.between("no-such-revision", "", repository)


def test_a_word_that_git_would_read_as_an_option_is_refused(repository, tmp_path):
    with pytest.raises(CardError, match="as an option"):
        changes.between(f"--output={tmp_path / 'written'}", "", repository)
    assert not (tmp_path / "written").exists()


def test_results_are_not_compared_with_a_side_that_has_none(repository, tiny):
    assert changes.between(str(tiny), "", repository) == ([], [])


def test_the_page_for_reviewers_counts_rows_and_escapes_cells(tiny):
    path = tiny / "tables" / "incidents.csv"
    path.write_text(path.read_text().replace("APT31 global", "<b>APT31</b> a|b global"))
    text = changes.page(changes.table_changes(DATA / "base", tiny), ["number a: 1 → 2"], check(tiny, TODAY))
    assert "No problems" in text and "| incidents | 0 | 0 | 1 |" in text
    assert "&lt;b&gt;" in text and "a\\|b" in text and "- number a: 1 → 2" in text


def test_the_command_line_tells_a_difference_between_folders(tiny, capsys):
    path = tiny / "tables" / "states.csv"
    path.write_text(path.read_text().replace("Australia", "Australien"))
    assert main(["diff", str(DATA / "base"), str(tiny)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "states: changed AUS, name: 'Australia' → 'Australien'",
        "1 change of the dataset, 0 results moved",
    ]
