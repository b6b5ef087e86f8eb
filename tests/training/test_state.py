"""States on disk: whole or not there, and of the node that is asked for."""

import pytest
import torch
from tests.nets import plain, same

from monogram.errors import RunError
from monogram.training import State, load_state, save_state

CPU = torch.device("cpu")


def test_a_state_reads_back_as_it_was(tmp_path):
    network = plain(5, 3)
    momentum = {name: torch.rand_like(p) for name, p in network.named_parameters()}
    state = State.of(network, step=7, momentum=momentum, seconds=1.25)
    save_state(state, tmp_path / "a.safetensors", "node")
    again = load_state(tmp_path / "a.safetensors", "node", CPU)
    assert again is not None
    assert (again.step, again.seconds) == (7, 1.25)
    assert same(again.weights, state.weights)
    assert same(again.momentum, momentum)
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_no_file_is_no_state(tmp_path):
    assert load_state(tmp_path / "a.safetensors", "node", CPU) is None


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b[:5], lambda b: b"", lambda b: b"x" * 99]
)
def test_a_damaged_file_is_named(damage, tmp_path):
    file = tmp_path / "a.safetensors"
    save_state(State.of(plain(5, 3)), file, "node")
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(RunError, match=r"a.safetensors is damaged .* delete it"):
        load_state(file, "node", CPU)


def test_a_file_of_another_node_is_refused(tmp_path):
    file = tmp_path / "a.safetensors"
    save_state(State.of(plain(5, 3)), file, "node")
    with pytest.raises(RunError, match="belongs to node, not to other"):
        load_state(file, "other", CPU)


def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        save_state(State.of(plain(5, 3)), tmp_path / "nowhere" / "a.safetensors", "node")
