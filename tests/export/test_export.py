"""Exports: each format computes what the model does, is tracked, and says what is missing."""

import sys

import numpy as np
import pytest
import torch
from tests import nets
from tests.people import make_population

from monogram.errors import NetworkError, SettingError, StoreError, UnknownIndividualError
from monogram.export import FORMATS, export_model
from monogram.networks import architecture
from monogram.store import Decision, Provenance, Store, from_pretrained

CASES = {
    "vectors": ("tests.nets:plain", (5,), np.float32),
    "grey pictures": ("paper(width=0.1)", (1, 16, 16), np.uint8),
    "series": ("conv1d(width=4)", (2, 20), np.float32),
}


def make_store(place, case="vectors"):
    """A store with one person, whose weights are noise."""
    network, shape, kind = CASES[case]
    people = make_population(shape=shape, kind=kind)
    made = architecture(network, people)
    base = made.build(0)
    own = {
        name: tensor + 0.1 if tensor.is_floating_point() else tensor
        for name, tensor in base.state_dict().items()
    }
    store = Store.create(place)
    description = {**made.description(), "inputs": str(np.dtype(kind))}
    origin = Provenance("transfer(4)", 0, "0" * 64)
    kept = store.add_base(description, people.classes, base.state_dict(), provenance=origin)
    decision = Decision("kept", "for the test")
    store.commit("anna/..", own, base=kept.hash, decision=decision, provenance=origin)
    return store


@pytest.mark.parametrize("case", CASES)
def test_every_format_computes_what_the_model_does(case, tmp_path):
    with make_store(tmp_path / "a.db", case) as store:
        done = export_model(store, "anna/..", tmp_path / "out")
        tracked = {path.name for _, path in store.exports("anna/..")}
        model = store.model("anna/..")
    assert [one.format for one in done] == list(FORMATS)
    assert all(one.difference <= 1e-5 * max(1.0, one.largest) for one in done)
    assert done[0].difference == 0
    assert tracked == {"model.safetensors", "config.json", "model.onnx", "model.pt2"}
    assert tracked == {file.name for file in (tmp_path / "out").iterdir()}
    _, shape, kind = CASES[case]
    inputs = torch.from_numpy(np.array(make_population(shape=shape, kind=kind).inputs[:7]))
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(tmp_path / "out/model.onnx")
    with torch.inference_mode():
        expected = model(inputs)
        assert torch.equal(from_pretrained(tmp_path / "out")(inputs), expected)
    found = session.run(["logits"], {"inputs": inputs.numpy()})[0]
    assert np.allclose(found, expected, atol=1e-4)


def test_forgetting_finds_the_exports(tmp_path):
    with make_store(tmp_path / "a.db") as store:
        export_model(store, "anna/..", tmp_path / "out", formats=["torch-export"])
        store.forget("anna/..")
    assert not (tmp_path / "out/model.pt2").exists()


def test_the_base_is_exported_without_a_track(tmp_path):
    with make_store(tmp_path / "a.db") as store:
        (done,) = export_model(store, None, tmp_path / "out", formats=["safetensors"])
        assert not store.exports("anna/..")
        weights = from_pretrained(tmp_path / "out").state_dict()
        assert all(torch.equal(weights[n], t) for n, t in store.base_weights().items())
    assert done.difference == 0


@pytest.mark.parametrize("name", ["safetensors", "torch-export"])
def test_a_base_never_takes_the_place_of_somebodys_model(tmp_path, name):
    with make_store(tmp_path / "a.db") as store:
        (hers,) = export_model(store, "anna/..", tmp_path / "out", formats=[name])
        with pytest.raises(StoreError, match=r"holds the model of individual 'anna/\.\.'"):
            export_model(store, None, tmp_path / "out", formats=[name])
        for _, file in store.exports("anna/.."):
            file.unlink()
        export_model(store, None, tmp_path / "out", formats=[name])
        assert store.exports("anna/..") == []
        store.forget("anna/..")
    assert hers.path.exists()


def test_what_cannot_be_exported_is_refused_in_clear_words(tmp_path, monkeypatch):
    with make_store(tmp_path / "a.db") as store:
        with pytest.raises(SettingError, match=r"unknown format 'tflite'\. Known: safetensors"):
            export_model(store, "anna/..", tmp_path / "out", formats=["tflite"])
        with pytest.raises(UnknownIndividualError, match="nobody"):
            export_model(store, "nobody", tmp_path / "out")
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(SettingError, match=r"pip install 'monogram\[export\]'"):
            export_model(store, "anna/..", tmp_path / "out", formats=["onnx"])


def test_an_export_that_computes_something_else_is_deleted(tmp_path, monkeypatch):
    def other(_, folder):
        assert (folder / "model.pt2").exists()
        return lambda inputs: torch.zeros(len(inputs), 3)

    from monogram.export import formats

    wrong = formats.Format(("model.pt2",), formats.write_program, other)
    monkeypatch.setitem(formats.WAYS, "torch-export", wrong)
    with (
        make_store(tmp_path / "a.db") as store,
        pytest.raises(NetworkError, match="computes something else"),
    ):
        export_model(store, "anna/..", tmp_path / "out", formats=["torch-export"])
    assert not (tmp_path / "out/model.pt2").exists()


def test_an_export_tells_code_that_computes_something_else(tmp_path):
    def changed(channels, classes):
        network = nets.plain(channels, classes)
        network.register_forward_hook(lambda _, inputs, logits: logits.flip(1))
        return network

    with make_store(tmp_path / "a.db") as store:
        export_model(store, "anna/..", tmp_path / "out", formats=["safetensors"])
    from_pretrained(tmp_path / "out")
    with pytest.raises(NetworkError, match="code was changed since"):
        from_pretrained(tmp_path / "out", factory=changed)
