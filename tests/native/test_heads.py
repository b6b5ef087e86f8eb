"""A step of heads in the dual form by C: PyTorch's product, softmax and descent."""

from dataclasses import fields

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from monogram import native

pytestmark = pytest.mark.skipif(
    not native.is_available(), reason="Monogram's C was not compiled for this processor"
)

RATE, MOMENTUM, DECAY = 0.3, 0.9, 0.05
CHANGED = ("rows", "biases", "rows_velocity", "biases_velocity")


def heads_of(
    heads: int, outputs: int, samples: int, *, begun: int = 1, own_priors: bool = False
) -> native.HeadStep:
    draw = torch.Generator().manual_seed(heads + outputs + samples)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=draw)

    inputs = normal(heads, samples, 12) / 12**0.5
    counts = torch.randint(3, (heads, samples), generator=draw).float()
    return native.HeadStep(
        products=inputs @ inputs.transpose(1, 2),
        begun=[(0.7, normal(heads, outputs, samples)), (-0.2, normal(heads, outputs, samples))][
            :begun
        ],
        labels=torch.randint(outputs, (heads, samples), generator=draw),
        weights=counts / counts.sum(1, keepdim=True).clamp(min=1),
        priors=normal(heads, 1, outputs) if own_priors else normal(outputs),
        rows=normal(heads, outputs, samples),
        biases=normal(heads, outputs),
        rows_velocity=normal(heads, outputs, samples),
        biases_velocity=normal(heads, outputs),
    )


def exactly(step: native.HeadStep) -> dict[str, Tensor]:
    """What a step changes, in float64 by PyTorch's operations."""
    rows, biases = (getattr(step, name).double().requires_grad_() for name in CHANGED[:2])
    outputs = rows @ step.products.double() + biases[..., None]
    outputs = outputs + sum(share * some.double() for share, some in step.begun)
    logits = outputs.transpose(1, 2) + step.priors.double()
    losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), step.labels.flatten(), reduction="none"
    )
    # In the dual form the gradient of the rows is that of the outputs.
    of_outputs, of_biases = torch.autograd.grad(
        (losses * step.weights.double().flatten()).sum(), [outputs, biases]
    )
    found: dict[str, Tensor] = {}
    for name, value, gradient in (("rows", rows, of_outputs), ("biases", biases, of_biases)):
        before = getattr(step, f"{name}_velocity").double()
        velocity = MOMENTUM * before + gradient + DECAY * value
        found |= {name: (value - RATE * velocity).detach(), f"{name}_velocity": velocity.detach()}
    return found


def check(step: native.HeadStep) -> None:
    expected = exactly(step)
    assert native.can_step_heads(step)
    native.step_heads(step, RATE, MOMENTUM, DECAY)
    for name, tensor in expected.items():
        torch.testing.assert_close(
            getattr(step, name).double(), tensor, rtol=1e-4, atol=1e-5, msg=name
        )


@settings(deadline=None, max_examples=60)
@given(
    heads=st.integers(1, 5),
    outputs=st.integers(1, 40),
    samples=st.integers(8, 60),
    begun=st.integers(1, 2),
    own_priors=st.booleans(),
)
def test_it_is_a_step_of_pytorchs(heads, outputs, samples, begun, own_priors):
    check(heads_of(heads, outputs, samples, begun=begun, own_priors=own_priors))


def test_who_is_in_a_stack_changes_nothing():
    together, alone = heads_of(4, 7, 21), heads_of(4, 7, 21)
    native.step_heads(together, RATE, MOMENTUM, DECAY)
    for place in range(4):
        part = slice(place, place + 1)
        given_ = {field.name: getattr(alone, field.name) for field in fields(alone)}
        own = {
            name: tensor[part] for name, tensor in given_.items() if name not in {"begun", "priors"}
        }
        begun = [(share, some[part]) for share, some in alone.begun]
        native.step_heads(
            native.HeadStep(**own, begun=begun, priors=alone.priors), RATE, MOMENTUM, DECAY
        )
        for name in CHANGED:
            assert torch.equal(getattr(together, name)[part], own[name])


def test_what_is_no_number_stays_so_and_is_nobody_elses():
    step = heads_of(3, 5, 17)
    step.biases[1, 2] = torch.nan
    native.step_heads(step, RATE, MOMENTUM, DECAY)
    assert step.rows[1].isnan().all()
    assert step.rows[[0, 2]].isfinite().all()


@pytest.mark.parametrize(
    "change",
    [
        {"rows": torch.zeros(3, 5, 17).double()},
        {"rows": torch.zeros(3, 17, 5).transpose(1, 2)},
        {"labels": torch.full((3, 17), 5)},
        {"labels": torch.full((3, 17), -1)},
        {"labels": torch.zeros(3, 17)},
    ],
    ids=["float64", "laid otherwise", "no such output", "negative", "no whole numbers"],
)
def test_other_heads_are_pytorchs(change):
    step = heads_of(3, 5, 17)
    given_ = {field.name: getattr(step, field.name) for field in fields(step)}
    assert native.can_step_heads(step)
    assert not native.can_step_heads(native.HeadStep(**given_ | change))


def test_few_samples_are_pytorchs():
    assert not native.can_step_heads(heads_of(3, 5, 7))
