"""Every rule is broken by one table under tests/data, and found at its place."""

import random
import shutil

import pandas as pd
import pytest
from conftest import CASES, DATA, TODAY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import csvtext, paths, schemas
from analysis.checks import check
from analysis.cli import main
from analysis.dataset import canonical, load
from analysis.errors import CardError, DatasetError
from analysis.rules import RULES

FORM_RULES = {
    "file", "not-csv", "byte-order-mark", "encoding", "line-end", "delimiter", "header", "repeated-column", "unknown-column",
    "missing-column", "column-order", "cell-count", "blank-line", "canonical", "formula", "white-space", "unicode",
    "type", "spreadsheet-date", "date", "required", "unique", "vocabulary", "length", "pattern", "range",
}  # fmt: skip


def test_the_small_dataset_breaks_no_rule(tiny):
    assert check(tiny, TODAY) == []


def test_every_rule_has_a_table_that_breaks_it():
    assert FORM_RULES | set(RULES) == {case["rule"] for case in CASES.values()}


def test_every_folder_of_test_data_is_a_case():
    assert {path.name for path in DATA.iterdir() if path.is_dir()} == {"base", *CASES}


@pytest.mark.parametrize("name", CASES)
def test_a_broken_table_is_reported_at_its_place_under_its_rule_only(broken, name):
    case = CASES[name]
    problems = check(broken(name), TODAY)
    first = next(problem for problem in problems if problem.rule == case["rule"])
    place = (first.file.rsplit("/", 1)[-1], first.line, first.column)
    assert place == (case["file"], case["line"], case["column"])
    assert {problem.rule for problem in problems} == {case["rule"], *case.get("also", [])}


@pytest.mark.parametrize("name", CASES)
def test_every_message_says_how_to_mend_it(broken, name):
    for problem in check(broken(name), TODAY):
        assert len(problem.message) > 25 and problem.message == problem.message.strip()


def test_all_problems_are_reported_in_one_call(broken):
    for name in ("date-serial", "formula", "vocabulary", "open-quote"):
        folder = broken(name)
    assert {"spreadsheet-date", "formula", "vocabulary", "not-csv"} <= {
        problem.rule for problem in check(folder, TODAY)
    }


def test_a_missing_table_is_one_problem_and_not_a_hundred(broken):
    assert len(check(broken("table-missing"), TODAY)) == 1


def test_check_prints_one_problem_a_line_and_exits_1(broken, capsys):
    assert main(["check", "--dataset", str(broken("vocabulary"))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 and "attributions.csv:2:" in lines[0] and "did you mean 'joint'?" in lines[0]


def test_check_exits_0_with_a_summary_when_nothing_is_wrong(tiny, capsys):
    assert main(["check", "--dataset", str(tiny)]) == 0
    assert capsys.readouterr().out.startswith("no problems: 3 incidents")


def test_a_folder_that_is_not_there_is_an_error_and_not_a_traceback(tmp_path, capsys):
    assert main(["check", "--dataset", str(tmp_path / "nowhere")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_switched_off_validation_is_refused(tiny, monkeypatch):
    from pandera.config import get_config_global

    monkeypatch.setattr(get_config_global(), "validation_enabled", False)
    with pytest.raises(CardError, match="switched off"):
        check(tiny, TODAY)


@pytest.mark.parametrize("name", ["byte-order-mark", "windows-line-ends", "semicolons", "tabs", "column-order", "row-order",
                                  "needless-quotes", "no-final-line-end", "white-space-double", "unicode-decomposed"])  # fmt: skip
def test_format_mends_what_its_messages_promise(broken, name):
    folder = broken(name)
    assert main(["format", "--dataset", str(folder)]) == 0
    left = {problem.rule for problem in check(folder, TODAY)}
    assert CASES[name]["rule"] not in left


def test_format_leaves_a_file_that_it_cannot_read_as_it_is(broken, capsys):
    folder = broken("cell-count")
    before = {path: path.read_bytes() for path in (folder / "tables").iterdir()}
    assert main(["format", "--dataset", str(folder)]) == 1
    assert before == {path: path.read_bytes() for path in (folder / "tables").iterdir()}
    assert "cell-count" in capsys.readouterr().err


def test_a_spreadsheet_round_trip_is_undone_to_the_last_byte(tiny):
    originals = {path: path.read_bytes() for path in (tiny / "tables").iterdir()}
    for path in originals:
        frame = pd.read_csv(path, dtype=object, keep_default_na=False)
        shuffled = frame.sample(frac=1, random_state=1)[
            random.Random(1).sample(list(frame.columns), len(frame.columns))
        ]
        path.write_bytes(shuffled.to_csv(index=False, sep=";", lineterminator="\r\n").encode("utf-8-sig"))
    assert main(["format", "--dataset", str(tiny)]) == 0
    assert originals == {path: path.read_bytes() for path in originals}


CELLS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", " ", "0", "7", "-1", "2.0", "joint", "USA", "2024-13-01", "2024-02-30", "45376", "25/03/2024", "=1+1",
                     '"', "a\nb", "\ufeff", "nan", "None", "NA", "1e5", "٣", "x" * 700]),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_to_a_single_cell_is_caught_or_reads_back_as_written(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damage") / "tiny"
    shutil.copytree(DATA / "base", folder)
    table = data.draw(st.sampled_from(list(schemas.TABLES)))
    path = paths.table(folder, table)
    frame = pd.read_csv(path, dtype=object, keep_default_na=False)
    row, column = data.draw(st.integers(0, len(frame) - 1)), data.draw(st.sampled_from(list(frame.columns)))
    value = data.draw(CELLS)
    frame.loc[row, column] = value
    path.write_bytes(frame.to_csv(index=False, lineterminator="\n").encode("utf-8", "surrogatepass"))
    problems = check(folder, TODAY)
    if problems:
        return
    kept = getattr(load(folder), table)
    assert len(kept) == len(frame)
    found = kept[column].astype(object).where(kept[column].notna(), "").astype(str)
    assert value in set(found)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_tidying_a_cell_twice_is_tidying_it_once(value):
    once = csvtext.tidy(value)
    assert csvtext.tidy(once) == once


def test_canonical_text_of_a_canonical_dataset_is_the_dataset(tiny):
    assert {path: path.read_text("utf-8") for path in canonical(tiny)} == canonical(tiny)


def test_loading_a_broken_dataset_raises_its_problems(broken):
    with pytest.raises(DatasetError) as caught:
        load(broken("vocabulary"))
    assert caught.value.problems[0].rule == "vocabulary"
