"""Differences between two states are complete, keyed, and told of results as of rows."""

import json
import os
import shutil
import subprocess

import pandas as pd
import pytest
from conftest import DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import changes, paths, schemas
from analysis.changes import Change
from analysis.errors import CardError, DatasetError

BASE = DATA / "base"


def frame_of(folder, table) -> pd.DataFrame:
    return pd.read_csv(paths.table(folder, table), dtype=object, keep_default_na=False)


def write(frame, folder, table):
    frame.to_csv(paths.table(folder, table), index=False, lineterminator="\n")


def edit(folder, table, old, new):
    path = paths.table(folder, table)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def expected_folder(folder, numbers, **files):
    """A folder like report/expected; `numbers` map names to values, `files` paths with ``__`` for ``/`` to text."""
    folder.mkdir(parents=True)
    entries = {name: {"text": str(value), "value": value, "about": ""} for name, value in numbers.items()}
    (folder / "numbers.json").write_text(json.dumps(entries))
    for name, text in files.items():
        kind, stem, suffix = name.split("__")
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / f"run.{stem}.{suffix}").write_text(text)
    return folder


def test_a_dataset_does_not_differ_from_itself(tiny):
    assert changes.table_changes(tiny, BASE) == changes.table_changes(BASE, tiny) == []


CELLS = [
    (table, row, column)
    for table, keys in schemas.KEYS.items()
    for row in range(len(frame_of(BASE, table)))
    for column in schemas.columns(table)
    if column not in keys
]


@settings(max_examples=40, deadline=None)
@given(edits=st.dictionaries(st.sampled_from(CELLS), st.text("aé|<,\" '1", min_size=1), max_size=8))
def test_exactly_the_changed_cells_are_told_whatever_is_written(tmp_path_factory, edits):
    folder = shutil.copytree(BASE, tmp_path_factory.mktemp("diff") / "tiny")
    frames, wanted = {table: frame_of(BASE, table) for table, _, _ in edits}, set()
    for (table, row, column), new in edits.items():
        old = frames[table].loc[row, column]
        frames[table].loc[row, column] = new
        if new != old:
            key = " ".join(frames[table].loc[row, list(schemas.KEYS[table])])
            wanted.add(Change(table, key, "changed", column, old, new))
    for table, frame in frames.items():
        write(frame, folder, table)
    found = changes.table_changes(BASE, folder)
    assert set(found) == wanted and len(found) == len(wanted)
    assert changes.table_changes(folder, folder) == []


@pytest.mark.parametrize("table", schemas.TABLES)
def test_added_and_removed_rows_are_told_by_their_key(tiny, table):
    frame = frame_of(tiny, table)
    key = " ".join(frame.loc[0, list(schemas.KEYS[table])])
    write(frame.drop(index=0), tiny, table)
    assert changes.table_changes(BASE, tiny) == [Change(table, key, "removed")]
    assert changes.table_changes(tiny, BASE) == [Change(table, key, "added")]


def test_the_order_of_rows_is_no_difference(tiny):
    for table in schemas.TABLES:
        write(frame_of(tiny, table).iloc[::-1], tiny, table)
    assert changes.table_changes(BASE, tiny) == []


def test_a_row_whose_key_stands_twice_is_not_hidden(tiny):
    frame = frame_of(tiny, "states")
    write(pd.concat([frame, frame.iloc[:1]]), tiny, "states")
    assert changes.table_changes(BASE, tiny) == [Change("states", f"{frame.loc[0, 'code']} (no. 2)", "added")]


def test_a_column_of_one_side_is_told_once_and_the_other_cells_are_compared(tiny):
    frame = frame_of(tiny, "states").drop(columns="gw_code").assign(capital="x")
    frame.loc[frame["code"] == "AUS", "name"] = "Australien"
    write(frame, tiny, "states")
    lost, new = Change("states", "", "lost column", "gw_code"), Change("states", "", "new column", "capital")
    assert changes.table_changes(BASE, tiny) == [
        lost,
        new,
        Change("states", "AUS", "changed", "name", "Australia", "Australien"),
    ]


@pytest.mark.parametrize("case", ["table-missing", "spreadsheet-file", "open-quote", "empty-file", "utf-16"])
def test_a_table_that_cannot_be_read_is_an_error_and_no_difference(broken, case):
    with pytest.raises(DatasetError) as raised:
        changes.table_changes(BASE, broken(case))
    assert raised.value.problems


def test_a_table_without_its_key_is_an_error_and_no_difference(tiny):
    write(frame_of(tiny, "states").drop(columns="code"), tiny, "states")
    with pytest.raises(DatasetError, match="'code' is missing"):
        changes.table_changes(tiny, BASE)


def test_numbers_come_by_relative_change_and_those_without_one_first(tmp_path):
    old = expected_folder(tmp_path / "old", {"a": 100, "b": 10, "c": 1, "d": 10, "gone": 5, "zero": 0, "none": None})
    new = expected_folder(tmp_path / "new", {"a": 101, "b": 5, "c": 1, "d": 12, "new": 6, "zero": 3, "none": 1.5})
    found = changes.result_changes(old, new)
    assert [(item.name, item.kind, item.old, item.new, item.relative) for item in found] == [
        ("gone", "removed", "5", "", None),
        ("new", "added", "", "6", None),
        ("none", "changed", "None", "1.5", None),
        ("zero", "changed", "0", "3", None),
        ("b", "changed", "10", "5", -0.5),
        ("d", "changed", "10", "12", 0.2),
        ("a", "changed", "100", "101", 0.01),
    ]
    assert changes.result_changes(old, old) == []


def test_cells_of_tables_are_told_by_row_and_column_and_figures_once(tmp_path):
    both = {"figures__same__svg": "s", "figures__same__csv": "d", "tables__same__csv": "x,y\n1,2\n"}
    old = expected_folder(
        tmp_path / "old", {}, tables__t__csv='who,n,share\na,10,"1,000 (5%)"\na,4,x\n', tables__gone__csv="who,n\na,1\n",
        figures__data__csv="1", figures__data__svg="x", figures__drawn__csv="1", figures__drawn__svg="x", **both,
    )  # fmt: skip
    new = expected_folder(
        tmp_path / "new", {}, tables__t__csv='who,n,share\na,11,"1,500 (5%)"\na,4,y\n', figures__data__csv="2",
        figures__data__svg="x", figures__drawn__csv="1", figures__drawn__svg="y", **both,
    )  # fmt: skip
    assert [(i.what, i.name, i.kind, i.relative) for i in changes.result_changes(old, new)] == [
        ("cell", "run.gone [a, n]", "removed", None),
        ("cell", "run.t [a (no. 2), share]", "changed", None),
        ("cell", "run.t [a, share]", "changed", 0.5),
        ("cell", "run.t [a, n]", "changed", 0.1),
        ("figure", "run.data", "changed", None),
        ("figure", "run.drawn", "changed", None),
    ]


def git(root, *words):
    mine = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    subprocess.run(
        ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.org", *words], check=True, env=mine
    )


@pytest.fixture
def repository(tmp_path):
    """A throw-away repository: tag ``bare`` has only the dataset, ``main`` has results too."""
    root = tmp_path / "repository"
    shutil.copytree(BASE, root / "dataset")
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "dataset")
    git(root, "tag", "bare")
    expected_folder(root / "report" / "expected", {"run.n": 4}, tables__t__csv="a\n1\n")
    (root / "README.md").write_text("not laid out")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "results")
    return root


def test_a_revision_is_laid_out_and_cleared_away(repository):
    edit(repository / "dataset", "states", "Australia", "Australien")
    with changes.at("main", repository) as (folder, expected):
        assert changes.table_changes(BASE, folder) == []
        assert changes.result_changes(repository / "report" / "expected", expected) == []
    assert not folder.exists()


def test_a_revision_without_results_has_none(repository):
    with changes.at("bare", repository) as (folder, expected):
        assert folder.name == "dataset" and expected is None


def test_a_revision_without_a_dataset_is_told(repository):
    git(repository, "rm", "-rq", "dataset")
    git(repository, "commit", "-q", "-m", "no dataset")
    with pytest.raises(CardError, match="'HEAD' holds no folder dataset"), changes.at("HEAD", repository):
        pass


def test_a_word_that_is_no_state_is_told_and_an_option_is_only_a_word(repository, tmp_path):
    for word in ("no-such-revision", "main:README.md", f"--output={tmp_path / 'written'}"):
        with pytest.raises(CardError, match="no released version, no folder with tables and no git revision"):
            changes.between(word, "", repository)
    assert not (tmp_path / "written").exists()


def test_a_machine_without_git_is_told(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CardError, match="git is not installed"):
        changes.between("main", "", repository)


def test_the_base_is_origin_main_if_there_is_one(repository):
    assert changes.default_base(repository) == "main"
    git(repository, "update-ref", "refs/remotes/origin/main", "main")
    assert changes.default_base(repository) == "origin/main"


def test_states_are_revisions_repositories_datasets_or_the_working_tree(repository, tiny):
    edit(repository / "dataset", "states", "Australia", "Australien")
    cell = Change("states", "AUS", "changed", "name", "Australia", "Australien")
    assert changes.between("main", "", repository) == ([cell], [])
    assert changes.between("main", str(repository), repository) == ([cell], [])
    assert changes.between("bare", "main", repository) == ([], None)
    assert changes.between(str(tiny), "", repository) == ([cell], None)
