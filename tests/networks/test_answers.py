"""What a network says of made-up inputs tells whether its code was changed."""

import pytest
import torch
from torch import nn

from monogram.errors import NetworkError
from monogram.networks import answers, check_answers, filled, rebuild


def description(factory, tokens=False):
    return {
        "name": f"mine:{factory.__name__}",
        "input_shape": [4],
        "classes": 3,
        "standardized": not tokens,
        "tokens": tokens,
    }


def of_then(classes: int) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, classes))


def of_now(classes: int) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, classes))


def wider(classes: int) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Linear(9, classes))


def failing(classes: int) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.Unflatten(1, (3, 3)), nn.Linear(8, classes))


def words(classes: int) -> nn.Module:
    return nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(8, classes))


def with_weights_of(first, factory, about):
    return filled(rebuild(about, factory), about["name"], first.state_dict())


@pytest.mark.parametrize(("factory", "tokens"), [(of_then, False), (words, True)])
def test_the_same_code_says_the_same(factory, tokens):
    about = description(factory, tokens)
    first = rebuild(about, factory)
    kept = answers(first, about)
    assert torch.tensor(kept).shape == (2, 3)
    check_answers(with_weights_of(first, factory, about), about, kept)


@pytest.mark.parametrize(
    ("factory", "said"), [(of_now, "its logits differ by "), (failing, "it fails: ")]
)
def test_code_that_was_changed_is_told(factory, said):
    about = description(of_then)
    first = rebuild(about, of_then)
    other = with_weights_of(first, factory, about)
    with pytest.raises(NetworkError, match=f"network mine:of_then is not the one .*{said}"):
        check_answers(other, about, answers(first, about))


def test_code_that_makes_other_tensors_is_told():
    about = description(of_then)
    with pytest.raises(NetworkError, match=r"mine:of_then .*size mismatch.*code was changed"):
        with_weights_of(rebuild(about, of_then), wider, about)


def test_what_takes_no_made_up_inputs_is_not_asked():
    about = description(failing)
    network = rebuild(about, failing)
    assert answers(network, about) == ()
    check_answers(network, about, ())


def test_logits_that_are_no_numbers_are_the_same_if_they_were_none_then():
    about = description(of_then)
    network = rebuild(about, of_then)
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    check_answers(network, about, answers(network, about))
