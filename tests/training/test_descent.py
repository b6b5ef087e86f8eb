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


LAST = torch.channels_last


@pytest.mark.parametrize(
    ("tensor", "velocity"),
    [
        (torch.randn(6, 3, 4, 4), torch.randn(6, 3, 4, 4)),
        (torch.randn(6, 3, 4, 4).to(memory_format=LAST), torch.randn(6, 3, 4, 4)),
        (torch.randn(6, 3, 4, 4).to(memory_format=LAST), None),
        (torch.randn(64, 64).bfloat16(), None),
        (torch.randn(64, 64).double(), torch.randn(64, 64).double()),
        (torch.randn(8, 16)[:, ::2], torch.randn(8, 8)),
        (torch.randn(4, 1, 1, 1).to(memory_format=LAST), torch.randn(4, 1, 1, 1)),
    ],
)
def test_in_one_pass_it_is_the_same(tensor, velocity):
    """However tensors lie, whatever they are made of."""

    def after(*, fused: bool) -> tuple[torch.Tensor, torch.Tensor]:
        moved = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype)
        moved.copy_(tensor).requires_grad_()
        begun = {} if velocity is None else {"one": velocity.clone()}
        shorten = nn.utils.clip_grad_norm_
        recipe = Recipe()
        descent = Descent(
            {"one": moved}, begun, {}, Personal(9), recipe, shorten=shorten, fused=fused
        )
        for _ in range(3):
            moved.square().sum().backward()
            descent.step(0.1)
        return moved.detach(), descent.momentum["one"]

    for one, other in zip(after(fused=True), after(fused=False), strict=True):
        torch.testing.assert_close(one, other)


def test_in_one_pass_some_gradients_may_come_later():
    early, late = torch.ones(4, requires_grad=True), torch.ones(4, requires_grad=True)
    descent = Descent(
        {"early": early, "late": late},
        {},
        {},
        Personal(9),
        Recipe(momentum=0.5, weight_decay=0.0),
        shorten=nn.utils.clip_grad_norm_,
        fused=True,
    )
    early.sum().backward()
    descent.step(0.1)
    (early + late).sum().backward()
    descent.step(0.1)
    assert early.tolist() == pytest.approx([1 - 0.1 - 0.15] * 4)
    assert late.tolist() == pytest.approx([1 - 0.1] * 4)
