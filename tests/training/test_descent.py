"""Descent: PyTorch's optimizer bit for bit, pull and shortened gradients included."""

import pytest
import torch
from torch import nn

from monogram.curriculum import Personal, Recipe
from monogram.training.descent import Descent


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


@pytest.mark.parametrize("clip_norm", [None, 0.05])
@pytest.mark.parametrize("pull", [None, 0.2])
def test_it_is_the_optimizer_bit_for_bit(clip_norm, pull):
    ours, theirs = network(), network()
    unused = nn.Parameter(torch.ones(2))
    recipe = Recipe(clip_norm=clip_norm)
    trained = dict(ours.named_parameters()) | {"unused": unused}
    start = {name: tensor.detach().clone() for name, tensor in trained.items()}
    descent = Descent(
        trained,
        {},
        start,
        Personal(9, pull=pull),
        recipe,
        shorten=nn.utils.clip_grad_norm_,
    )
    decay = 0.0 if pull else recipe.weight_decay
    sgd = torch.optim.SGD(theirs.parameters(), momentum=recipe.momentum, weight_decay=decay)
    for step in range(4):
        inputs, labels = torch.randn(6, 4), torch.randint(3, (6,))
        rate = 0.1 / (step + 1)
        nn.functional.cross_entropy(ours(inputs), labels).backward()
        descent.step(rate)
        sgd.zero_grad()
        nn.functional.cross_entropy(theirs(inputs), labels).backward()
        if clip_norm:
            nn.utils.clip_grad_norm_(theirs.parameters(), clip_norm)
        for name, parameter in theirs.named_parameters() if pull else ():
            parameter.grad.add_(parameter.detach() - start[name], alpha=pull)
        sgd.param_groups[0]["lr"] = rate
        sgd.step()
    for name, parameter in theirs.named_parameters():
        assert torch.equal(trained[name], parameter), name
        assert torch.equal(descent.momentum[name], sgd.state[parameter]["momentum_buffer"])
    assert torch.equal(unused, torch.ones(2))
    assert "unused" not in descent.momentum
    assert all(tensor.grad is None for tensor in trained.values())
