"""What a network computes, as far as its code tells: a digest that changes when the code does."""

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from torch import nn

from monogram.networks.altered import FORWARD, HOOKS

INSTALLED = ("site-packages", "dist-packages")
OURS = __name__.partition(".")[0]
PLAIN = (bool, int, float, str, type(None))


def code_of(network: nn.Module) -> str | None:
    """A digest of the code of a network's modules and hooks, and of the plain values they have.

    The code is that of the files that define them and of all files of the user's own that these
    import; what is installed goes by the classes that the network is made of.

    Returns:
        None where some of the code is in no file.
    """
    modules = list(network.modules())
    makers = {maker for module in modules for maker in _makers(module)}
    files = _files(sys.modules.get(maker) for maker in makers)
    if files is None:
        return None
    code = [file.read_bytes() for file in sorted(files)]
    values = repr([(type(module).__qualname__, *_values(module)) for module in modules])
    return sha256(b"\0".join([*code, values.encode()])).hexdigest()


def described(network: nn.Module) -> tuple[str, ...]:
    """What a network's speed depends on: its code, its settings and the shapes of its tensors.

    Returns:
        Nothing where some of its code is in no file.
    """
    code = code_of(network)
    shapes = [f"{key} {tuple(value.shape)}" for key, value in network.state_dict().items()]
    return () if code is None else (code, str(network), *shapes)


def _makers(module: nn.Module) -> Iterator[str]:
    """Names of the Python modules that define what a module does, but for PyTorch itself."""
    hooks = [hook for name in HOOKS for hook in getattr(module, name).values()]
    for one in (*type(module).__mro__[:-1], *hooks, vars(module).get(FORWARD)):
        name = str(getattr(one, "__module__", type(one).__module__))
        if one is not None and name.partition(".")[0] not in ("torch", "builtins"):
            yield name


def _files(modules: Iterable[ModuleType | None]) -> set[Path] | None:
    """The files of some Python modules, and of the user's own that they import."""
    files: set[Path] = set()
    left = list(modules)
    while left:
        module = left.pop()
        file = None if module is None else _file(module)
        if file is None:
            return None
        if file not in files:
            files.add(file)
            left += [] if module is None else _imported(module)
    return files


def _imported(module: ModuleType) -> list[ModuleType]:
    """The user's own Python modules that a module's names come from."""
    values = list(vars(module).values())
    names = {value.__module__ for value in values if isinstance(value, (type, FunctionType))}
    found = [*map(sys.modules.get, names), *values]
    return [one for one in found if isinstance(one, ModuleType) and _is_users(one)]


def _is_users(module: ModuleType) -> bool:
    file, library = _file(module), Path(inspect.__file__).parent
    if file is None or module.__name__.partition(".")[0] == OURS:
        return False
    return library not in file.parents and not any(part in INSTALLED for part in file.parts)


def _file(module: ModuleType) -> Path | None:
    """Where a Python module's source is, if it is anywhere."""
    try:
        file = inspect.getsourcefile(module)
    except TypeError:  # built in, or typed in
        return None
    return Path(file).resolve() if file and Path(file).is_file() else None


def _values(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Settings of a module and its class, whether it has hooks, and what they are called."""
    for name in (*HOOKS, FORWARD):
        found = vars(module).get(name)
        hooks = list(found.values()) if isinstance(found, Mapping) else [found]
        yield name, [getattr(hook, "__qualname__", type(hook).__name__) for hook in hooks if hook]
    for name, value in sorted({**vars(type(module)), **vars(module)}.items()):
        if isinstance(value, PLAIN) and name != "training" and not name.startswith("__"):
            yield name, value
