"""Rows are added whole and valid, or not at all; answers that are wrong are told before anything is written."""

import tomllib

import pytest
from conftest import TODAY

from analysis import entry, questions, schemas
from analysis.checks import check
from analysis.cli import main
from analysis.dataset import load
from analysis.errors import CardError, DatasetError, ParameterError

ORCID = "0000-0000-0000-0000"
INCIDENT = "2021-nz-parliament-apt40"
SOURCE = {
    "url": "https://example.org/page",
    "publisher": "Example",
    "publisher_class": "press",
    "title": "A page",
    "page_date": "2025-04-01",
}
CASE = {
    "incident": {"slug": "a-case", "title": "A case", "summary": "A case.", "operation_type": "espionage", "start_date": "2025-03"},
    "target": {"state": "NZL", "name": "A ministry", "category": "government"},
    "attribution": {
        "attributor": "NZL", "body": "A ministry", "body_type": "ministry", "date": "2025-04-01", "accused_state": "CHN",
        "state_link": "3", "strongest_link": "3", "confidence": "none", "stance": "own", "form": "statement",
    },
    "source": SOURCE,
}  # fmt: skip
DENIAL = {
    "denial": {"accused_state": "CHN", "addressed_to": "NZL", "date": "2024-03-29", "office": "embassy", "channel": "press_query",
               "posture": "denies", "strategies": "flat_denial, ridicule"},
    "source": SOURCE,
}  # fmt: skip


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "tables").iterdir()}


def test_a_new_incident_is_valid_in_every_table_with_ids_and_precisions(tiny):
    entry.add(entry.rows("incident", CASE, ORCID, tiny, today=TODAY), tiny, TODAY)
    assert check(tiny, TODAY) == []
    data = load(tiny)
    row = data.incidents.set_index("incident_id").loc["2025-a-case"]
    assert (row["start_precision"], row["coder"], row["reply_searched"]) == ("month", ORCID, "not_searched")
    assert {"2025-a-case.a01"} == set(
        data.attributions.loc[data.attributions["incident_id"] == "2025-a-case", "attribution_id"]
    )
    cited = data.citations[data.citations["record_id"].str.startswith("2025-a-case")]
    assert set(cited["table"]) == {"incidents", "targets", "attributions"}


def test_a_reply_gets_the_next_id_its_strategies_and_marks_the_incident_as_answered(tiny):
    before = load(tiny).denials["denial_id"]
    rows = entry.rows("denial", DENIAL, ORCID, tiny, INCIDENT, TODAY)
    assert [row["denial_id"] for row in rows["denials"]] == [
        f"{INCIDENT}.d{1 + before.str.startswith(INCIDENT).sum():02d}"
    ]
    assert [name for name, value in rows["denials"][0].items() if value == "1"] == ["flat_denial", "ridicule"]
    assert rows["incidents"][0]["reply_searched"] == "found" and rows["denials"][0]["preemptive"] == "0"
    entry.add(rows, tiny, TODAY)
    assert check(tiny, TODAY) == []


def test_a_reply_before_every_accusation_is_marked_preemptive(tiny):
    answers = {**DENIAL, "denial": {**DENIAL["denial"], "date": "2024-01-05"}}
    assert entry.rows("denial", answers, ORCID, tiny, INCIDENT, TODAY)["denials"][0]["preemptive"] == "1"


def test_a_page_that_is_among_the_sources_needs_only_its_address(tiny):
    url = load(tiny).sources["url"].iloc[0]
    rows = entry.rows("denial", {**DENIAL, "source": {"url": url}}, ORCID, tiny, INCIDENT, TODAY)
    assert "sources" not in rows and len(rows["citations"]) == 1


def test_a_source_can_be_added_to_any_record(tiny):
    answers = {"source": {**SOURCE, "record": f"{INCIDENT}.a01", "supports": "wording"}}
    rows = entry.rows("source", answers, ORCID, tiny, INCIDENT, TODAY)
    assert (rows["citations"][0]["table"], rows["citations"][0]["supports"]) == ("attributions", "wording")
    entry.add(rows, tiny, TODAY)
    assert check(tiny, TODAY) == []


def test_several_rows_of_one_joint_text_are_added_together(tiny):
    text = {"statement_id": "2025-04-01-joint", "date": "2025-04-01", "title": "A joint text", "kind": "joint_text"}
    joint = {**CASE["attribution"], "stance": "joint", "statement_id": "2025-04-01-joint"}
    answers = {**CASE, "statement": text, "attribution": [joint, {**joint, "attributor": "AUS"}]}
    entry.add(entry.rows("incident", answers, ORCID, tiny, today=TODAY), tiny, TODAY)
    assert check(tiny, TODAY) == []


def test_a_row_cites_the_sources_that_it_names_and_else_all(tiny):
    pages = [SOURCE, {**SOURCE, "url": "https://example.org/other"}]
    answers = {**CASE, "source": pages, "attribution": {**CASE["attribution"], "cites": [2]}}
    cited = entry.rows("incident", answers, ORCID, tiny, today=TODAY)["citations"]
    assert sum(row["table"] == "incidents" for row in cited) == 2
    assert [row["source_id"] for row in cited if row["table"] == "attributions"] == [cited[-1]["source_id"]]
    with pytest.raises(ParameterError, match="1 to 2"):
        entry.rows("incident", {**answers, "target": {**CASE["target"], "cites": "3"}}, ORCID, tiny, today=TODAY)


def test_a_new_state_comes_with_its_first_row(tiny):
    answers = {
        **CASE,
        "target": {**CASE["target"], "state": "FJI"},
        "state": {"code": "FJI", "name": "Fiji", "kind": "state"},
    }
    entry.add(entry.rows("incident", answers, ORCID, tiny, today=TODAY), tiny, TODAY)
    assert "FJI" in set(load(tiny).states["code"])


@pytest.mark.parametrize(
    ("section", "column", "value", "said"),
    [
        ("attribution", "stance", "jont", "did you mean 'joint'?"),
        ("attribution", "date", "01/04/2025", "spreadsheet's date"),
        ("attribution", "date", "April 2025", "is not YYYY-MM-DD"),
        ("attribution", "state_link", "strong", "whole number"),
        ("incident", "slug", "A Case", "joined by hyphens"),
        ("incident", "titel", "x", "did you mean 'title'?"),
        ("incident", "title", "", "incident.title is missing"),
        ("source", "url", "example.org", "does not have the form"),
        ("target", "name", "=1+1", "formula"),
    ],
)
def test_a_wrong_answer_is_told_and_nothing_is_written(tiny, section, column, value, said):
    before = bytes_of(tiny)
    with pytest.raises(ParameterError) as caught:
        entry.rows("incident", {**CASE, section: {**CASE[section], column: value}}, ORCID, tiny, today=TODAY)
    assert said in str(caught.value) and bytes_of(tiny) == before


def test_all_wrong_answers_are_told_at_once(tiny):
    wrong = {**CASE, "attribution": {**CASE["attribution"], "stance": "jont", "form": "memo"}, "target": {}}
    with pytest.raises(ParameterError) as caught:
        entry.rows("incident", wrong, ORCID, tiny, today=TODAY)
    assert str(caught.value).count("\n") >= 4


def test_rows_that_break_a_rule_across_tables_are_not_written(tiny):
    before = bytes_of(tiny)
    answers = {**CASE, "attribution": {**CASE["attribution"], "accused_state": "XYZ"}}
    with pytest.raises(DatasetError) as caught:
        entry.add(entry.rows("incident", answers, ORCID, tiny, today=TODAY), tiny, TODAY)
    assert {problem.rule for problem in caught.value.problems} == {"foreign-key"} and bytes_of(tiny) == before


def test_an_incident_that_exists_is_not_added_again(tiny):
    entry.add(entry.rows("incident", CASE, ORCID, tiny, today=TODAY), tiny, TODAY)
    with pytest.raises(ParameterError, match="exists already"):
        entry.rows("incident", CASE, ORCID, tiny, today=TODAY)


def test_a_mistyped_incident_is_told_with_the_nearest(tiny):
    with pytest.raises(ParameterError, match=f"did you mean '{INCIDENT}'"):
        entry.rows("denial", DENIAL, ORCID, tiny, "2021-nz-parlament-apt40", TODAY)


def test_nothing_is_added_to_a_dataset_that_is_broken_already(broken):
    folder = broken("vocabulary")
    with pytest.raises(CardError, match="problems already"):
        entry.add(entry.rows("incident", CASE, ORCID, folder, today=TODAY), folder, TODAY)


def test_the_command_line_takes_answers_from_flags_and_a_file(tiny, tmp_path, capsys):
    file = tmp_path / "answers.toml"
    lines = [
        f"[{section}]\n" + "".join(f'{key} = "{value}"\n' for key, value in answer.items())
        for section, answer in CASE.items()
    ]
    file.write_text("".join(lines), "utf-8")
    assert tomllib.loads(file.read_text()) == CASE
    words = [
        "new",
        "incident",
        "--dataset",
        str(tiny),
        "--coder",
        ORCID,
        "--answers",
        str(file),
        "--set",
        "title=Another title",
    ]
    assert main(words) == 0
    assert "Another title" in set(load(tiny).incidents["title"]) and "show 2025-a-case" in capsys.readouterr().out


def test_the_command_line_needs_to_know_who_codes(tiny, capsys, monkeypatch):
    monkeypatch.delenv("CARD_CODER", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["new", "denial", INCIDENT, "--dataset", str(tiny), "--set", "date=2025"]) == 1
    assert "--coder ORCID" in capsys.readouterr().err


def test_asking_repeats_a_question_until_its_answer_is_right():
    said, asked = [], iter(["A Case", "a-case", *["x"] * 999])
    values = {"title": "T", "summary": "S", "kind": "", "operation_type": "espionage"}

    def read(prompt):
        column = prompt.strip().split(":")[0].split(" ")[0]
        if column == "slug":
            return next(asked)
        return {**values, **CASE["target"], **CASE["attribution"], **SOURCE, "start_date": "2025-03"}.get(column, "")

    answers = questions.ask("incident", read, said.append)
    assert answers["incident"]["slug"] == "a-case" and answers["incident"]["kind"] == "incident"
    assert any("joined by hyphens" in line for line in said)


def test_a_doubtful_row_is_asked_for_its_note():
    def read(prompt):
        column = prompt.strip().split(":")[0].split(" ")[0]
        return {**DENIAL["denial"], **SOURCE, "uncertain": "1", "note": "Why."}.get(column, "")

    assert questions.ask("denial", read, lambda line: None)["denial"]["note"] == "Why."


def test_every_required_column_is_asked_made_or_has_a_default():
    for section, table in questions.SECTIONS.items():
        asked = {question.column for question in questions.questions(section)}
        for name, column in schemas.columns(table).items():
            if (
                column.nullable
                or name in asked
                or name in questions.MADE
                or "strategies" in asked
                and column.metadata.get("vocab") == "FLAG"
            ):
                continue
            assert schemas.meta(table, name).get("vocab") == "DATE_PRECISION", f"{table}.{name}"


def test_the_form_tells_a_wrong_date_under_its_field_and_saves_through_the_same_code(tiny):
    from analysis.form import Form

    form = Form(tiny)
    assert form.incident.layout.display == "none" and form.fields["incident", "slug"].layout.display is None
    for section, answer in CASE.items():
        for column, value in answer.items():
            form.fields[section, column].value = value
    form.coder.value = ORCID
    form.fields["attribution", "date"].value = "1 April"
    told = [box.children[2].value for box in form.body.children if len(getattr(box, "children", ())) == 3]
    assert any("is not YYYY-MM-DD" in text for text in told)
    before = bytes_of(tiny)
    form._finish(write=True)
    assert "attribution.date" in form.said.value and bytes_of(tiny) == before
    form.fields["attribution", "date"].value = "2025-04-01"
    form._finish(write=False)
    assert "nothing written yet" in form.said.value and bytes_of(tiny) == before
    form._finish(write=True)
    assert "saved 2025-a-case" in form.said.value and check(tiny) == []
