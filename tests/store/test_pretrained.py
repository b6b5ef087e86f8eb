"""Folders as Hugging Face has them."""

import json

import pytest
import torch
from tests.store.making import HEAD, ORIGIN, SHAPE, add_base, commit, same_tensors

from monogram.errors import StoreError
from monogram.store import Decision, from_pretrained


@pytest.fixture
def folders(file_store, tmp_path):
    base = add_base(file_store)
    own = commit(file_store, base, "anna", HEAD)
    file_store.save_pretrained(tmp_path / "base")
    file_store.save_pretrained(tmp_path / "anna", "anna")
    file_store.save_pretrained(tmp_path / "whole", "anna", whole=True)
    return tmp_path, own, file_store


def test_a_base_and_a_delta_make_the_personal_model(folders):
    folder, own, store = folders
    network = from_pretrained(folder / "anna", base=folder / "base")
    assert same_tensors(dict(network.state_dict()), own)
    inputs = torch.randn(3, *SHAPE)
    assert torch.equal(network(inputs), store.model("anna")(inputs))
    assert not network.training
    assert same_tensors(
        dict(from_pretrained(folder / "base").state_dict()), dict(store.base_weights())
    )
    assert same_tensors(dict(from_pretrained(folder / "whole").state_dict()), own)
    small = (folder / "anna" / "model.safetensors").stat().st_size
    assert small < (folder / "whole" / "model.safetensors").stat().st_size


def test_the_config_says_what_it_is(folders):
    config = json.loads((folders[0] / "anna" / "config.json").read_text())
    assert config["kind"] == "delta"
    assert config["classes"] == ["a", "b", "c"]
    assert config["personal"]["individual"] == "anna"
    assert config["personal"]["figures"]["personal_accuracy"] == 0.9


def test_whoever_keeps_the_base_is_told_from_whoever_has_a_model(folders):
    folder, _, store = folders
    kept = Decision("base", "no personal model is better")
    base = store.base().hash
    store.commit("ben", None, base=base, decision=kept, provenance=ORIGIN)
    store.save_pretrained(folder / "ben", "ben", whole=True)
    config = json.loads((folder / "ben" / "config.json").read_text())
    assert (config["kind"], config["personal"]["decision"]["kind"]) == ("base", "base")
    assert json.loads((folder / "whole" / "config.json").read_text())["kind"] == "personal"
    found = from_pretrained(folder / "ben").state_dict()
    assert same_tensors(dict(found), dict(store.base_weights()))


@pytest.mark.parametrize("lost", ["kind", "base", "network", "sha256"])
def test_what_a_config_lacks_is_named(folders, lost):
    file = folders[0] / "whole" / "config.json"
    config = json.loads(file.read_text())
    del config[lost]
    file.write_text(json.dumps(config))
    with pytest.raises(StoreError, match=rf"config\.json was changed .* it lacks {lost}; save"):
        from_pretrained(folders[0] / "whole")


def test_what_does_not_fit_is_said(folders, tmp_path):
    folder = folders[0]
    with pytest.raises(StoreError, match="give that base's folder"):
        from_pretrained(folder / "anna")
    with pytest.raises(StoreError, match="holds another model"):
        from_pretrained(folder / "anna", base=folder / "whole")
    with pytest.raises(StoreError, match="holds no saved model"):
        from_pretrained(tmp_path / "none")
    file = folder / "base" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(StoreError, match="was changed after it was written"):
        from_pretrained(folder / "base")
    (folder / "base" / "config.json").write_text("{}")
    with pytest.raises(StoreError, match="not written by this version"):
        from_pretrained(folder / "base")
