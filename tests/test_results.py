"""What notebooks hand over, how it is compared, and how the report is filled."""

import json
import pickle

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import errors, paths, report, results, style, tables
from analysis.errors import MismatchError, NotebookError, Problem, ReportError, ResultError

FRAME = pd.DataFrame({"state": ["CHN", "R|S"], "share_of": [0.123456, None], "n": [3, 12]})


@pytest.fixture
def handed(tmp_path, monkeypatch):
    """A build folder with one run that handed over a number, a table and a figure."""
    monkeypatch.setenv("CARD_RUN_FOLDER", str(tmp_path / "runs" / "demo"))
    out = results.Handover("demo")
    out.number("n_things", 1234, "things")
    out.table("things", FRAME, "Things.")
    figure, axes = style.axes(3, 2)
    axes.plot([1, 2], [1, 2])
    out.figure("line", figure, FRAME, "A line.", "A line that goes from one to two and that nobody can miss.")
    out.done()
    return tmp_path


def test_numbers_are_written_as_a_reader_wants_them(tmp_path, monkeypatch):
    monkeypatch.setenv("CARD_RUN_FOLDER", str(tmp_path))
    out = results.Handover("demo")
    shown = [out.number("a", 1234567, "x"), out.number("b", 0.256, "x", "percent"), out.number("c", 2.345, "x"),
             out.number("d", float("nan"), "x"), out.number("e", "CHN", "x"), out.number("f", 11.4, "x", ".0f")]  # fmt: skip
    assert shown == ["1,234,567", "26%", "2.35", "not defined", "CHN", "11"]


def test_a_name_handed_over_twice_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("CARD_RUN_FOLDER", str(tmp_path))
    out = results.Handover("demo")
    out.number("a", 1, "x")
    with pytest.raises(ResultError, match="twice"):
        out.number("a", 2, "x")


def test_a_figure_without_a_real_alternative_text_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("CARD_RUN_FOLDER", str(tmp_path))
    figure, _ = style.axes(3, 2)
    with pytest.raises(ResultError, match="alternative text"):
        results.Handover("demo").figure("a", figure, FRAME, "Caption.", "a plot")


def test_promises_that_are_not_kept_are_named(handed):
    with pytest.raises(ResultError, match="lacks missing and does not promise n_things"):
        results.check_promises(
            handed / "runs" / "demo", "demo", {"numbers": ["missing"], "tables": ["things"], "figures": ["line"]}
        )


def test_a_notebook_that_never_finished_handed_over_nothing(tmp_path):
    with pytest.raises(ResultError, match="nothing was handed over"):
        results.check_promises(tmp_path, "demo", {})


def test_equal_results_do_not_differ(handed, tmp_path):
    found = results.gather(["demo"], handed)
    results.accept(found, tmp_path / "expected")
    assert results.compare(found, tmp_path / "expected") == ([], [])


def test_a_changed_table_is_named_by_row_and_column_with_both_values(handed, tmp_path):
    results.accept(results.gather(["demo"], handed), tmp_path / "expected")
    file = handed / "runs" / "demo" / "tables" / "things.csv"
    file.write_text(file.read_text().replace("0.12", "0.13"))
    differences, _ = results.compare(results.gather(["demo"], handed), tmp_path / "expected")
    assert differences == ["tables/demo.things.csv: row 1 (CHN), column share_of: expected '0.12', found '0.13'"]


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("a,1\nc,3\n", "a,1\nb,2\nc,3\n", ["t: row 2 is new: found 'b, 2'"]),
        ("a,1\nb,2\nc,3\n", "b,2\nc,3\n", ["t: row 1 is missing: expected 'a, 1'"]),
        (
            "a,1\nb,2\n",
            "a,1\nb,5\nc,\n",
            ["t: row 2 is missing: expected 'b, 2'", "t: row 2 is new: found 'b, 5'", "t: row 3 is new: found 'c'"],
        ),
    ],
)
def test_a_row_more_or_less_is_told_once_and_not_as_a_shift_of_all_below(old, new, said):
    assert results.cells_apart("t", f"key,n\n{old}", f"key,n\n{new}") == said


ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12")), max_size=6)


@given(ROWS, ROWS)
def test_two_tables_are_told_apart_exactly_if_they_differ(old, new):
    texts = ["key,n\n" + "".join(f"{key},{n}\n" for key, n in rows) for rows in (old, new)]
    assert bool(results.cells_apart("t", *texts)) == (old != new)


def test_a_changed_number_is_named_with_both_values(handed, tmp_path):
    results.accept(results.gather(["demo"], handed), tmp_path / "expected")
    file = handed / "runs" / "demo" / "numbers.json"
    file.write_text(file.read_text().replace("1234", "1235").replace("1,234", "1,235"))
    differences, _ = results.compare(results.gather(["demo"], handed), tmp_path / "expected")
    assert differences == ["number demo.n_things: expected 1,234 (1234), found 1,235 (1235)"]


def test_a_figure_drawn_otherwise_is_a_difference_here_and_cosmetic_on_another_machine(handed, tmp_path):
    results.accept(results.gather(["demo"], handed), tmp_path / "expected")
    file = handed / "runs" / "demo" / "figures" / "line.svg"
    file.write_text(file.read_text() + "<!-- other -->")
    found = results.gather(["demo"], handed)
    here, _ = results.compare(found, tmp_path / "expected")
    there, notes = results.compare(found, tmp_path / "expected", here="Plan9-pdp11")
    assert len(here) == 1 and "demo.line.svg" in here[0]
    assert there == [] and "cosmetic" in notes[0]


def test_a_figure_with_other_data_is_a_difference_everywhere(handed, tmp_path):
    results.accept(results.gather(["demo"], handed), tmp_path / "expected")
    for suffix, old, new in ((".svg", "</svg>", "</svg> "), (".csv", "12", "13")):
        file = (handed / "runs" / "demo" / "figures" / "line").with_suffix(suffix)
        file.write_text(file.read_text().replace(old, new))
    there, _ = results.compare(results.gather(["demo"], handed), tmp_path / "expected", here="Plan9-pdp11")
    assert {line.split(":")[0] for line in there} == {"figures/demo.line.csv", "figures/demo.line.svg"}


def test_an_expected_file_changed_by_hand_is_found(handed, tmp_path):
    found = results.gather(["demo"], handed)
    results.accept(found, tmp_path / "expected")
    (tmp_path / "expected" / "tables" / "demo.things.csv").write_text("state\n")
    differences, _ = results.compare(found, tmp_path / "expected")
    assert differences == ["tables/demo.things.csv: the expected file was changed by hand; restore it or `accept` anew"]


def test_a_figure_drawn_twice_has_the_same_bytes():
    drawn = []
    for _ in range(2):
        figure, axes = style.axes(3, 2)
        axes.bar(["a", "b"], [1, 2], hatch="//")
        drawn.append(style.svg(figure))
    assert drawn[0] == drawn[1] and b"Source Sans" not in drawn[0]


def test_no_category_shares_its_colour():
    assert len(set(style.COLOURS.values())) == len(style.COLOURS)


def test_colours_stay_apart_in_grey():
    def grey(colour: str) -> float:
        red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    for colours in (list(style.COLOURS.values()), list(style.SEQUENCE)):
        shades = sorted(map(grey, colours))
        assert min(b - a for a, b in zip(shades, shades[1:], strict=False)) > 10


def test_one_table_says_the_same_in_three_formats():
    shown = tables.text(FRAME)
    assert tables.to_csv(shown).splitlines()[1:] == ["CHN,0.12,3", "R|S,–,12"]
    assert tables.to_markdown(shown).splitlines()[3] == "| R\\|S | – | 12 |"
    assert r"R|S & -- & 12 \\" in tables.to_latex(shown)


def test_a_rounded_zero_has_no_sign():
    assert tables.cell(-0.001) == "0.00"


def test_latex_specials_are_escaped():
    assert r"50\% \& \_x" in tables.to_latex(pd.DataFrame({"a": ["50% & _x"]}))


REPORT = "Text <<demo.n_things>> and [[demo.line]].\n\n{{figure demo.line}}\n\n{{table demo.things}}\n"


def test_the_report_is_filled_by_name(handed):
    filled = report.fill(REPORT, results.gather(["demo"], handed), ".svg")
    assert "Text 1,234 and Figure 1." in filled and ": Table 1. Things." in filled and 'alt="A line that goes' in filled


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<<demo.n_things>>", "<<demo.n_thing>>", "<<demo.n_thing>> is not a number"),
        ("<<demo.n_things>>", "1234", "number demo.n_things is not used"),
        ("{{figure demo.line}}", "", "figure demo.line is not used"),
        ("{{table demo.things}}", "{{table demo.thing}}", "{{table demo.thing}} is not a table"),
        ("[[demo.line]]", "[[demo.lines]]", "[[demo.lines]] is referred to but not placed"),
        ("{{table demo.things}}", "{{table demo.things}}\n\n{{table demo.things}}", "demo.things is placed twice"),
    ],
)
def test_a_missing_or_unused_result_is_an_error_that_names_it(handed, old, new, said):
    with pytest.raises(ReportError) as caught:
        report.fill(REPORT.replace(old, new), results.gather(["demo"], handed), ".svg")
    assert said in str(caught.value)


def test_the_report_cites_what_its_bibliography_holds_and_nothing_else():
    report.check_references(
        (paths.REPORT / "report.md").read_text("utf-8"), (paths.REPORT / "references.bib").read_text("utf-8")
    )


@pytest.mark.parametrize(
    ("text", "said"), [("see @none2020", "@none2020 is cited"), ("see @here2020", "@gone2020 is in references.bib")]
)
def test_a_reference_without_entry_or_an_entry_without_reference_is_an_error(text, said):
    with pytest.raises(ReportError, match=said):
        report.check_references(text, "@book{here2020,\n}\n@book{gone2020,\n}\n")


def test_no_number_is_typed_into_the_prose():
    text = (paths.REPORT / "report.md").read_text("utf-8").split("# Findings", 1)[1]
    text = report.NUMBER.sub("", report.PLACE.sub("", report.MENTION.sub("", text)))
    text = report.CITED.sub("", text)
    allowed = {"25", "26", "2024", "0", "5", ".667", ".80", "95", "2010s", "1", "2", "3", "4", "6"}
    import re

    assert {word for word in re.findall(r"(?<![\w.])\.?[0-9]+\w*", text)} <= allowed


@pytest.mark.parametrize(
    "error",
    [
        errors.DatasetError([Problem("a.csv", 1, 2, "rule", "message")]),
        NotebookError("run", 3, "trace", "kept.ipynb"),
        MismatchError(["a", "b"]),
        errors.ParameterError("x"),
    ],
)
def test_errors_survive_the_way_between_processes(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and str(copy) == str(error)


def test_kept_results_are_whole():
    stored = json.loads((paths.EXPECTED / "hashes.json").read_text("utf-8"))["sha256"]
    kept = {p.relative_to(paths.EXPECTED).as_posix() for p in paths.EXPECTED.rglob("*") if p.is_file()}
    assert kept == {*stored, "hashes.json"}
