"""The digest of a network's code changes with whatever may change what it computes."""

import importlib
import sys

import pytest
from torch import nn

from monogram.networks import MLP
from monogram.training import code_of

HELP = "def helped(values):\n    return values\n"
NETWORK = """
from torch import nn
import digested_help
from digested_help import helped

class Net(nn.Module):
    power = 1

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, inputs):
        return self.layer(helped(inputs))
"""


@pytest.fixture
def network(tmp_path, monkeypatch):
    """Makes the network from the texts of its two files."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def made(text=NETWORK, helper=HELP):
        (tmp_path / "digested.py").write_text(text)
        (tmp_path / "digested_help.py").write_text(helper)
        for name in ("digested", "digested_help"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("digested").Net()

    yield made
    for name in ("digested", "digested_help"):
        sys.modules.pop(name, None)


def test_the_same_code_has_the_same_digest(network):
    assert code_of(network()) == code_of(network())


def test_code_that_is_edited_has_another(network):
    digests = {
        code_of(network()),
        code_of(network(NETWORK.replace("helped(inputs)", "2 * inputs"))),
        code_of(network(helper=HELP.replace("values\n", "2 * values\n"))),
    }
    assert len(digests) == 3


def test_settings_and_hooks_take_part(network):
    plain, set_, hooked, replaced = (network() for _ in range(4))
    set_.power = 2
    hooked.layer.register_forward_hook(lambda *_: None)
    replaced.layer.forward = lambda inputs: inputs
    assert len(set(map(code_of, (plain, set_, hooked, replaced)))) == 4


def test_pytorchs_own_networks_need_no_file():
    assert code_of(nn.Linear(3, 2)) is not None
    assert code_of(MLP((3,), 2)) != code_of(nn.Linear(3, 2))


def test_code_in_no_file_has_no_digest():
    typed = type("Net", (nn.Module,), {"__module__": "typed_in"})
    assert code_of(typed()) is None
