"""Notebooks are thin, stripped and documented."""

import ast
import json

import pytest

from analysis import paths, runner

FILES = sorted(paths.NOTEBOOKS.glob("[0-9]*.ipynb"))


def code(path) -> list[str]:
    return [
        "".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"
    ]


def test_there_are_ten():
    assert [path.name[:2] for path in FILES] == [f"{number:02d}" for number in range(1, 11)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_outputs_are_stripped(path):
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_notebooks_define_no_functions_and_are_short(path):
    source = "\n".join(code(path))
    assert not [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda))
    ]
    assert len([line for line in source.splitlines() if line.strip()]) <= 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_parameter_has_a_type_a_default_of_that_type_and_a_meaning(path):
    for item in runner.parameters(path).values():
        assert isinstance(item.default, runner.TYPES[item.type]) and len(item.about) > 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_prose_says_what_is_measured_and_why(path):
    first = json.loads(path.read_text("utf-8"))["cells"][0]
    assert first["cell_type"] == "markdown" and len("".join(first["source"])) > 250
