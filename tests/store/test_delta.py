"""Deltas and their encodings: what they keep, what they cost, when a smaller one is accepted."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monogram.errors import SettingError, StoreError
from monogram.networks import PaperNetwork
from monogram.store import LOSSY, decode, encode, encoding, smallest_within
from monogram.store.tensors import same, size_of

FORMS = ["lossless", "half", "int8", "int4", "topk(0.05)", "lowrank(4)"]
KINDS = [
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.uint8,
    torch.bool,
]


def paper(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return PaperNetwork(1, 30).state_dict()


def fine_tuned(base: dict[str, torch.Tensor], share: float = 0.01) -> dict[str, torch.Tensor]:
    """Every float tensor a little off, as after a short training."""
    draw = torch.Generator().manual_seed(1)
    return {
        n: t + share * t.std() * torch.randn(t.shape, generator=draw)
        if t.is_floating_point() and t.numel() > 1
        else t + 1
        for n, t in base.items()
    }


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_bytes_of_any_type_come_back(data):
    kind = data.draw(st.sampled_from(KINDS))
    shape = data.draw(st.sampled_from([(), (0,), (1,), (7,), (3, 5), (2, 3, 1, 1), (40, 40)]))
    count = int(np.prod(shape)) * torch.empty(0, dtype=kind).element_size()
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    high = 2 if kind is torch.bool else 256

    def tensor() -> torch.Tensor:
        raw = torch.from_numpy(draw.integers(0, high, count, dtype=np.uint8))
        return raw.view(kind).reshape(shape) if count else torch.empty(shape, dtype=kind)

    base, own = {"a/b": tensor(), "same": tensor()}, {}
    own = {"a/b": tensor(), "same": base["same"].clone()}
    decoded = decode(base, encode(base, own))
    assert "same" not in decoded
    assert same({**base, **decoded}["a/b"], own["a/b"])


@pytest.mark.parametrize("form", FORMS)
def test_small_delicate_and_odd_tensors_stay_exact(form):
    base = {
        "weight": torch.randn(64, 64),
        "bias": torch.randn(64),
        "count": torch.tensor(3),
        "odd": torch.randn(64, 64),
        "still": torch.randn(64, 64),
    }
    own = {n: t + 1 if n != "still" else t for n, t in base.items()}
    own["odd"] = own["odd"].clone()
    own["odd"][0, 0] = float("nan")
    decoded = decode(base, encode(base, own, form))
    assert sorted(decoded) == ["bias", "count", "odd", "weight"]
    for name in ("bias", "count", "odd"):
        assert same(decoded[name], own[name])
    assert decoded["weight"].dtype == torch.float32


def test_changes_beyond_half_precision_are_kept_losslessly():
    base = {"weight": torch.zeros(32, 32)}
    own = {"weight": torch.full((32, 32), 1e6)}
    for form in FORMS:
        assert torch.isfinite(decode(base, encode(base, own, form))["weight"]).all()
    assert same(decode(base, encode(base, own, "half"))["weight"], own["weight"])


@pytest.mark.parametrize(
    ("form", "error"), [("half", 1e-3), ("int8", 0.02), ("int4", 0.2), ("lowrank(4)", 1e-3)]
)
def test_lossy_encodings_stay_near(form, error):
    torch.manual_seed(0)
    base = {"weight": torch.randn(128, 64, 3, 3)}
    change = torch.randn(128, 4) @ torch.randn(4, 576) / 100
    own = {"weight": base["weight"] + change.reshape(128, 64, 3, 3)}
    decoded = decode(base, encode(base, own, form))["weight"]
    off = (decoded - own["weight"]).norm() / change.norm()
    assert off < error


def test_top_k_keeps_the_largest_changes_where_they_were():
    base = {"weight": torch.zeros(50, 40)}
    own = {"weight": torch.zeros(50, 40)}
    own["weight"][3, 7], own["weight"][49, 39], own["weight"][0, 0] = 2.0, -1.0, 0.5
    assert same(decode(base, encode(base, own, "topk(0.0015)"))["weight"], own["weight"])


def test_sizes_on_the_papers_network_reach_the_goals():
    base = paper(0)
    own = fine_tuned(base)
    whole = size_of(base)
    head = {n: own[n] if n.startswith("classifier") else t for n, t in base.items()}
    assert len(encode(base, head)) <= 0.03 * whole
    assert len(encode(base, own, "int4")) <= 0.15 * whole
    assert len(encode(base, own)) < 0.95 * whole
    assert encode(base, base) == b""


def test_the_same_delta_has_the_same_bytes():
    base = paper(0)
    own = fine_tuned(base)
    for form in FORMS:
        assert encode(base, own, form) == encode(base, own, form)


def test_the_smallest_encoding_within_the_bound_is_taken():
    base = {"weight": torch.zeros(64, 64), "bias": torch.zeros(3)}
    own = {"weight": torch.randn(64, 64), "bias": torch.ones(3)}

    def accuracies(weights: dict[str, torch.Tensor]) -> tuple[float, ...]:
        off = float((weights["weight"] - own["weight"]).norm() / own["weight"].norm())
        return 1.0 - off, 1.0

    chosen = smallest_within(
        base, own, accuracies, bound=0.02, encodings=["topk(0.05)", "int4", "int8"]
    )
    assert str(chosen.encoding) == "int8"
    assert [t.encoding for t in chosen.trials] == ["topk(0.05)", "int4", "int8"]
    again = smallest_within(base, own, accuracies, bound=0.02, encodings=["half", "int8", "int4"])
    assert str(again.encoding) == "int8"
    assert chosen.exact == (1.0, 1.0)
    assert chosen.trials[-1].accuracies[0] >= 0.98
    assert chosen.delta == encode(base, own, "int8")
    exact = smallest_within(base, own, accuracies, bound=0.0)
    assert str(exact.encoding) == "lossless"
    assert exact.trials[-1].accuracies == (1.0, 1.0)


@pytest.mark.parametrize("shape", [(3, 40), (10, 128), (128, 784)])
def test_no_other_encoding_is_smaller_where_any_will_do(shape):
    base = {"weight": torch.randn(shape)}
    own = {"weight": base["weight"] + torch.randn(shape) / 10}
    chosen = smallest_within(base, own, lambda _: (1.0,))
    assert len(chosen.delta) == min(len(encode(base, own, how)) for how in ["lossless", *LOSSY])


def test_what_no_lossy_encoding_makes_smaller_is_kept_bit_for_bit():
    base, own = {"weight": torch.zeros(3, 40)}, {"weight": torch.ones(3, 40)}
    assert str(smallest_within(base, own, lambda _: (1.0,)).encoding) == "lossless"


@pytest.mark.parametrize("form", [*FORMS, "topk(0.125)", "int2", "lowrank(64)"])
def test_text_forms_read_back(form):
    assert str(encoding(form)) == form
    assert encoding(encoding(form)) == encoding(form)


@pytest.mark.parametrize(
    "form", ["int9", "int1", "topk(0)", "topk(2)", "topk(-)", "topk(1e)", "lowrank(0)", "zip", ""]
)
def test_what_is_no_encoding_is_refused(form):
    with pytest.raises(SettingError):
        encoding(form)


def test_a_negative_bound_is_refused():
    with pytest.raises(SettingError, match="at least 0"):
        smallest_within({}, {}, lambda _: (1.0,), bound=-0.1)


def test_a_damaged_delta_or_another_base_is_said_so():
    base = {"weight": torch.zeros(64, 64)}
    delta = encode(base, {"weight": torch.randn(64, 64)})
    with pytest.raises(StoreError, match="anna's delta is damaged"):
        decode(base, delta[: len(delta) // 2], "anna's delta")
    with pytest.raises(StoreError, match="does not fit its base"):
        decode({"weight": torch.zeros(8, 8)}, delta)
    with pytest.raises(StoreError, match="does not fit its base"):
        decode({"other": torch.zeros(64, 64)}, delta)
