"""The house: imports go one way, every room and name explains itself, nothing unpickles."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "monogram"
MODULES = sorted(SOURCE.rglob("*.py"))
UNPICKLER = SOURCE / "datasets" / "unpickling.py"  # admits arrays only
OWN_PROCESSES = SOURCE / "engine" / "processes.py"  # speak over a socket that nobody else has
DANGEROUS = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


def name_of(file):
    parts = file.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(file):
    """The package under `monogram`, or the module where there is none; "" for the top."""
    first = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    return "" if first.startswith("__") else first


def house():
    """The rooms in the order of docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    block = re.search(r"## The house.*?```text\n(.*?)```", text, re.DOTALL)
    assert block, "docs/architecture.md has no house"
    lines = block[1].splitlines()
    return [room for line in lines for room in re.split(r"\s{2,}", line)[0].split(", ")]


def tree_of(file):
    return ast.parse(file.read_text("utf-8"), str(file))


def imported(tree):
    """Full names of everything imported anywhere in a module, within functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are by full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def each(files):
    return pytest.mark.parametrize("file", files, ids=map(name_of, files))


def test_every_room_has_its_place_in_the_house():
    rooms = {room_of(file) for file in MODULES} - {""}
    assert rooms <= set(house())


@each([file for file in MODULES if room_of(file)])
def test_imports_go_one_way(file):
    order = house()
    here = order.index(room_of(file))
    for name in imported(tree_of(file)):
        package, _, rest = name.partition(".")
        if package == "monogram" and rest not in ("", "__version__"):
            room = rest.partition(".")[0]
            assert room in order, f"{name}: import from a room, not from the top"
            assert order.index(room) <= here, f"{name} is further up the house"


@each(MODULES)
def test_every_module_opens_with_what_it_is_for(file):
    assert ast.get_docstring(tree_of(file))


@each([file for file in MODULES if file.name == "__init__.py"])
def test_public_names_exist_and_explain_themselves(file):
    module = importlib.import_module(name_of(file))
    names = getattr(module, "__all__", [])
    assert len(names) == len(set(names))
    for name in names:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"{name} has no docstring"


@each([file for file in MODULES if file != UNPICKLER])
def test_nothing_unpickles_a_file_or_a_request_but_the_one_guarded_reader(file):
    tree = tree_of(file)
    admitted = {"cloudpickle"} if file == OWN_PROCESSES else set()
    assert DANGEROUS & {name.partition(".")[0] for name in imported(tree)} == admitted
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) != ("torch", "load")
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False
