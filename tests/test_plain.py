"""The fast way to read large tables and the exact one give the same tables and the same reports."""

import math
import shutil

import pytest
from conftest import CASES, DATA, TODAY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import checks, csvtext, dataset, paths, plain, schemas
from analysis.checks import _canonical, check

#: How much of a column must repeat for it to be categorical: all columns are, those of large tables, none.
SHARES = {"all categorical": 2, "as in large tables": 0.5, "none categorical": 0}


@pytest.fixture(params=SHARES.values(), ids=SHARES)
def share(request, monkeypatch):
    """Every table counts as large."""
    monkeypatch.setattr(plain, "LARGE", 0)
    monkeypatch.setattr(plain, "SHARE", request.param)


def assert_same(table, path):
    """The table as read fast, if it is, is the table as read exactly, and has no fault of form or order of quotes."""
    fast, exact = plain.read(table, path), csvtext.read(table, path)
    if fast is None:
        return None
    assert exact.problems == fast.problems == [] and "canonical" not in {p.rule for p in _quoting(exact)}
    found = fast.frame.astype(object)
    assert found.where(found.notna(), None).equals(exact.frame)
    assert (list(fast.lines), fast.header, fast.intact, fast.readable) == (exact.lines, exact.header, True, True)
    return fast


def _quoting(table):
    """What the exact way finds in the rows as they stand; the order of rows is the matter of neither reader."""
    return [problem for problem in _canonical(table) if "quoted" in problem.message]


@pytest.mark.parametrize("table", schemas.TABLES)
def test_a_table_of_the_dataset_is_read_fast_and_is_the_same(share, table):
    assert assert_same(table, paths.table(paths.DATASET, table))


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_broken_dataset_has_the_same_report_both_ways(share, broken, name, monkeypatch):
    folder = broken(name)
    for table in schemas.TABLES:
        assert_same(table, paths.table(folder, table))
    fast = check(folder, TODAY)
    monkeypatch.setattr(plain, "LARGE", math.inf)
    assert fast == check(folder, TODAY) != []


@pytest.mark.parametrize("name", sorted(CASES)[::8])
def test_two_processes_report_what_one_does(broken, name, monkeypatch):
    folder = broken(name)
    alone = check(folder, TODAY)
    monkeypatch.setattr(checks, "LARGE", 0)
    assert check(folder, TODAY) == alone != []


def test_a_large_table_is_loaded_as_a_small_one(share, tiny, monkeypatch):
    fast = dataset.load(tiny)
    monkeypatch.setattr(plain, "LARGE", math.inf)
    for table, frame in dataset.load(tiny).tables().items():
        assert frame.equals(getattr(fast, table)) and (frame.dtypes == getattr(fast, table).dtypes).all()


def test_a_small_table_is_left_to_the_exact_way(tiny):
    assert plain.read("actors", paths.table(tiny, "actors")) is None


@pytest.mark.parametrize(
    "text", ['""', '"a"', 'a"b', '"a"b', '"a,b', '"a\nb"', '" a,b"', '"a,b "', '"=a,b"', "a  b", "a\x7f", "a\u00a0b",
             "e\u0301", "-1", "a,b", "a\rb", " a", "a ", '"a,b","', "a\x00", '"a""b"c', "\udcff", "x" * 140_000],
)  # fmt: skip
def test_a_cell_with_a_fault_of_form_is_not_read_fast(share, tiny, text):
    path = paths.table(tiny, "actors")
    lines = path.read_text("utf-8").splitlines(keepends=True)
    cells = lines[1].split(",")
    lines[1] = ",".join([cells[0], text, *cells[2:]])
    path.write_bytes("".join(lines).encode("utf-8", "surrogateescape"))
    assert plain.read("actors", path) is None


@pytest.mark.parametrize("text", ['"a,b"', '"a""b"', '""""', '"""a,"""', "é", "nan", "NA", "None", "1e5", "", "a'b"])
def test_a_cell_without_a_fault_of_form_is_read_fast_and_as_it_is(share, tiny, text):
    path = paths.table(tiny, "actors")
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines[1:], start=1):
        cells = line.split(",")
        lines[number] = ",".join([cells[0], text, *cells[2:]])
    path.write_text("".join(lines), "utf-8")
    assert assert_same("actors", path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.floats(0, 1),
    cut=st.integers(0, 3),
    put=st.one_of(st.binary(max_size=4), st.text(',"\n =-éa', max_size=6).map(str.encode)),
    table=st.sampled_from(list(schemas.TABLES)),
    block=st.sampled_from([1, 7, 300, 1 << 20]),
)
def test_a_damaged_file_is_read_as_the_exact_way_reads_it_or_left_to_it(tmp_path_factory, at, cut, put, table, block):
    folder = tmp_path_factory.mktemp("damage") / "tiny"
    shutil.copytree(DATA / "base", folder)
    path = paths.table(folder, table)
    whole = path.read_bytes()
    place = int(at * len(whole))
    path.write_bytes(whole[:place] + put + whole[place + cut :])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "LARGE", 0)
        patch.setattr(plain, "BLOCK", block)
        assert_same(table, path)
