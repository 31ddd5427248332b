"""Changes are told as text, CSV, HTML and as a page for reviewers, whole and escaped."""

import csv
import io

from conftest import DATA, TODAY

from analysis import changes, pages
from analysis.changes import Change, ResultChange
from analysis.checks import check
from analysis.cli import main
from analysis.errors import Problem

ROWS = [
    Change("states", "", "new column", "capital"),
    Change("states", "AUS", "changed", "name", "a|b", "<b>c</b>"),
    Change("actors", "x", "added"),
]
RESULTS = [
    ResultChange("number", "run.n", "changed", "4", "5", 0.25),
    ResultChange("number", "run.m", "added", "", "1"),
    ResultChange("cell", "run.t [a, n]", "changed", "1", "2", 1.0),
    ResultChange("figure", "run.f", "removed"),
]


def test_the_text_tells_one_change_a_line_and_counts_them():
    assert pages.as_text(ROWS, RESULTS).splitlines() == [
        "states: new column capital",
        "states: changed AUS, name: 'a|b' → '<b>c</b>'",
        "actors: added x",
        "number changed run.n: 4 → 5 +25.0%",
        "number added run.m: nothing → 1",
        "cell changed run.t [a, n]: 1 → 2 +100.0%",
        "figure removed run.f",
        "changes of the dataset: 3; results that moved: 2 numbers, 1 cells of tables, 1 figures",
    ]
    assert pages.as_text([], None) == "changes of the dataset: 0; results not compared: one side has none\n"


def test_the_csv_holds_every_change_with_its_cells():
    rows = list(csv.DictReader(io.StringIO(pages.as_csv(ROWS, RESULTS))))
    assert len(rows) == len(ROWS) + len(RESULTS)
    assert rows[1]["old"] == "a|b" and rows[1]["new"] == "<b>c</b>" and rows[3]["relative"] == "0.25"


def test_the_html_escapes_cells_and_needs_no_other_file():
    text = pages.as_html(ROWS, RESULTS, "A & B")
    assert "&lt;b&gt;c&lt;/b&gt;" in text and "<b>c" not in text and "A &amp; B" in text
    assert "src=" not in text and "href=" not in text
    assert "Not compared" in pages.as_html(ROWS, None, "t")


def test_the_page_for_reviewers_counts_and_escapes():
    text = pages.as_markdown(ROWS, RESULTS, [])
    assert "| states | 0 | 1 | 1 | 0 | 1 |" in text and "a\\|b" in text and "&lt;b&gt;" in text
    assert "**No problems** found." in text and "+25.0%" in text


def test_the_page_for_reviewers_says_where_nothing_changed():
    text = pages.as_markdown([], [], [])
    assert "No row changed." in text and text.rstrip().endswith("None.")
    assert "Not compared" in pages.as_markdown([], None, [])


def test_a_long_page_is_cut_to_fit_a_comment_and_says_what_it_left_out():
    rows = [Change("states", f"S{n}", "changed", "name", "x" * 400, "y" * 400) for n in range(3000)]
    problems = [Problem("f.csv", n, 1, "rule", "z" * 300) for n in range(300)]
    text = pages.as_markdown(rows, RESULTS, problems)
    assert len(text) <= pages.LONGEST and "more changes" in text and "more problems" in text
    assert "| states | 0 | 3000 | 3000 | 0 | 0 |" in text


def test_the_page_of_a_real_difference_reads(tiny):
    path = tiny / "tables" / "incidents.csv"
    path.write_text(path.read_text().replace("APT31 global", "APT31 worldwide"))
    text = pages.as_markdown(changes.table_changes(DATA / "base", tiny), None, check(tiny, TODAY))
    assert "APT31 worldwide" in text


def test_the_command_line_tells_a_difference_between_folders(tiny, tmp_path, capsys):
    path = tiny / "tables" / "states.csv"
    path.write_text(path.read_text().replace("Australia", "Australien"))
    assert main(["diff", str(DATA / "base"), str(tiny)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "states: changed AUS, name: 'Australia' → 'Australien'",
        "changes of the dataset: 1; results not compared: one side has none",
    ]
    file = tmp_path / "diff.html"
    assert main(["diff", str(DATA / "base"), str(tiny), "--format", "html", "--output", str(file)]) == 0
    assert "Australien" in file.read_text("utf-8")
