"""Hugging Face datasets on disk."""

import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from monogram.datasets import read_own
from monogram.errors import DataError

NAMES: dict[str, Any] = {
    "individual_column": "user",
    "label_column": "y",
    "input_columns": "x",
    "global_from": 0.3,
}
N = 24
USERS = [f"u{i % 3}" for i in range(N)]
LABELS = [i // 3 % 2 for i in range(N)]


@pytest.fixture
def hf():
    return pytest.importorskip("datasets")


def test_sequences_and_class_labels(hf, tmp_path):
    cells = np.arange(N * 6.0).reshape(N, 2, 3)
    features = hf.Features(
        x=hf.Array2D((2, 3), "float32"),
        y=hf.ClassLabel(names=["cat", "dog"]),
        user=hf.Value("string"),
    )
    data = hf.Dataset.from_dict({"x": cells, "y": LABELS, "user": USERS}, features=features)
    data.select(range(21)).save_to_disk(tmp_path / "a")
    population = read_own(tmp_path / "a", **NAMES)
    assert population.classes == ("cat", "dog")
    assert population.inputs.shape == (21, 2, 3)


def test_images_are_decoded(hf, tmp_path):
    images = [Image.new("L", (4, 3), i) for i in range(N)]
    features = hf.Features(x=hf.Image(), y=hf.Value("int64"), user=hf.Value("string"))
    data = hf.Dataset.from_dict({"x": images, "y": LABELS, "user": USERS}, features=features)
    data.save_to_disk(tmp_path / "a")
    population = read_own(tmp_path / "a", **NAMES)
    assert population.inputs.shape == (N, 1, 3, 4)
    assert sorted(population.inputs[:, 0, 0, 0].tolist()) == list(range(N))


def test_several_datasets_ask_for_one(hf, tmp_path):
    one = hf.Dataset.from_dict({"x": [1.0] * N, "y": LABELS, "user": USERS})
    hf.DatasetDict(train=one, test=one).save_to_disk(tmp_path / "a")
    with pytest.raises(DataError, match=r"several datasets \(train, test\); name one .*a/train"):
        read_own(tmp_path / "a", **NAMES)
    assert len(read_own(tmp_path / "a" / "train", **NAMES).individuals) == 2


def test_a_damaged_one_is_named(hf, tmp_path):
    hf.Dataset.from_dict({"x": [1.0] * N, "y": LABELS, "user": USERS}).save_to_disk(tmp_path / "a")
    for file in (tmp_path / "a").glob("*.arrow"):
        file.write_bytes(b"")
    with pytest.raises(DataError, match=r"a cannot be read as a Hugging Face dataset"):
        read_own(tmp_path / "a", **NAMES)


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "state.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match="run: pip install datasets"):
        read_own(tmp_path / "a", **NAMES)
