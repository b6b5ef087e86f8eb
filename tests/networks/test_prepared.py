"""What happens to inputs before the network sees them."""

import numpy as np
import pytest
import torch
from tests.people import make_population
from torch import nn

from monogram.networks import Prepared, architecture
from monogram.networks.prepared import channel_statistics


def seen_by_the_network(prepared, inputs):
    return Prepared(nn.Identity(), prepared.mean, prepared.scale, inputs.dim() - 1, 1)(inputs)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [((5,), np.float32), ((3, 12), np.float32), ((2, 16, 16), np.uint8)],
    ids=["vectors", "series", "pictures"],
)
def test_global_training_data_has_mean_0_and_deviation_1_in_each_channel(shape, kind):
    population = make_population({"anna": 8}, shared=60, shape=shape, kind=kind)
    train = population.global_data.train
    inputs = torch.from_numpy(population.inputs[train.start : train.stop])
    prepared = seen_by_the_network(architecture(None, population).build(0), inputs)
    others = [axis for axis in range(prepared.dim()) if axis != 1]
    torch.testing.assert_close(prepared.mean(others), torch.zeros(shape[0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        prepared.std(others, correction=0), torch.ones(shape[0]), atol=1e-4, rtol=0
    )


def test_grey_values_become_fractions():
    inputs = torch.tensor([[0, 51, 255]], dtype=torch.uint8)
    assert Prepared(nn.Identity(), None, None, 1, 3)(inputs).tolist() == [
        [0.0, pytest.approx(0.2), 1.0]
    ]


def test_without_standardisation_values_stay_as_they_are():
    population = make_population({"anna": 8})
    made = architecture("mlp", population, standardize=False).build(0)
    inputs = torch.from_numpy(population.inputs[:3])
    assert torch.equal(seen_by_the_network(made, inputs), inputs)


def test_a_channel_that_never_changes_is_only_shifted():
    inputs = np.array([[1.0, 1e6], [3.0, 1e6]], dtype=np.float32)
    mean, scale = channel_statistics(inputs)
    assert mean.tolist() == [2.0, 1e6]
    assert scale.tolist() == [1.0, 1.0]


def test_statistics_of_many_samples_are_estimated_on_some():
    inputs = np.random.default_rng(0).normal(3, 2, size=(50_000, 2)).astype(np.float32)
    mean, scale = channel_statistics(inputs, sample=5_000)
    torch.testing.assert_close(mean, torch.full((2,), 3.0), atol=0.2, rtol=0)
    torch.testing.assert_close(scale, torch.full((2,), 2.0), atol=0.2, rtol=0)


def test_the_preparation_is_kept_with_the_weights():
    made = architecture("mlp", make_population({"anna": 8})).build(0)
    assert {"mean", "scale"} <= made.state_dict().keys()
    assert not {"mean", "scale"} & dict(made.named_parameters()).keys()
