"""What is given to be predicted: nothing is silently taken for something else."""

import pytest
import torch
from tests.store.making import CLASSES, DESCRIPTION, KEPT, ORIGIN, SHAPE, weights

from monogram.errors import DataError
from monogram.store import Store, as_trained


@pytest.fixture
def people(tmp_path):
    """Anna's base was trained on numbers, Ben's on grey values, Cleo's on other classes."""
    with Store.create(tmp_path / "people.db") as store:
        for seed, (id_, kind, classes) in enumerate(
            [("anna", "float32", CLASSES), ("ben", "uint8", CLASSES), ("cleo", "float32", "xyz")]
        ):
            base = store.add_base(
                DESCRIPTION | {"inputs": kind}, classes, weights(seed), provenance=ORIGIN
            )
            store.commit(id_, None, base=base.hash, decision=KEPT, provenance=ORIGIN)
        yield store


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.int64, torch.int16])
def test_numbers_of_any_type_are_taken_as_in_training(people, kind):
    inputs = torch.randint(-3, 3, (2, *SHAPE)).to(kind)
    expected = people.model("anna")(inputs.float())
    torch.testing.assert_close(people.predict(["anna", "anna"], inputs), expected)


def test_bytes_and_other_numbers_are_not_taken_for_one_another(people):
    grey = torch.randint(0, 256, (1, *SHAPE), dtype=torch.uint8)
    torch.testing.assert_close(people.predict(["ben"], grey), people.model("ben")(grey))
    with pytest.raises(DataError, match=r"inputs are float32; .* trained on grey values"):
        people.predict(["anna", "ben"], grey.float().repeat(2, 1, 1, 1))
    with pytest.raises(DataError, match=r"inputs are bytes .* trained on float32"):
        people.predict(["anna"], grey)


@pytest.mark.parametrize("shape", [(2, 6), (2, 6, 1), (1, 6, 6), ()])
def test_inputs_of_another_shape_are_refused(people, shape):
    with pytest.raises(DataError, match=r"the models take \[2, 6, 6\]"):
        people.predict(["anna"], torch.zeros(1, *shape))


def test_logits_of_different_classes_do_not_stand_in_one_column(people):
    inputs = torch.zeros(2, *SHAPE)
    assert people.predict(["cleo", "cleo"], inputs).shape == (2, 3)
    with pytest.raises(DataError, match=r"'anna' and 'cleo' have models with different classes"):
        people.predict(["anna", "cleo"], inputs)


def test_tokens_are_whole_numbers(people):
    base = people.add_base(
        DESCRIPTION | {"tokens": True, "inputs": "int64"}, CLASSES, weights(9), provenance=ORIGIN
    )
    tokens = torch.ones(1, *SHAPE, dtype=torch.int32)
    assert as_trained(tokens, base).dtype == torch.int64
    with pytest.raises(DataError, match="inputs are float32; the models were trained on tokens"):
        as_trained(tokens.float(), base)
