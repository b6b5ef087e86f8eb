"""A slow twin of the paper's Algorithm 1, to be read next to it. The oracle of the other tests.

What the paper did not try stands at the end of the algorithm, switched off: an L2 penalty towards
where transfer learning began (L2-SP), the mean of several transfers (model soups), weights led back
towards the global model (WiSE-FT), the individual's class frequencies in the logits (prior
correction), and gradients cut to a length.

It knows nothing of `monogram.plan`, `monogram.training` and `monogram.engine`. What it has in
common with them is a contract on what the paper leaves open, that is, on chance:

- *First weights*: the network is made right after `torch.manual_seed(torch_seed(seed, "network"))`.
- *Batches*: each source of a phase (D_I: "own"; D_G or the union D_G ∪ D_I: "shared") is an endless
  line of permutations of its training samples, the n-th drawn from
  `stream(seed, owner, place, source, n)`. A batch is the next `batch` of the line, or as many as
  there are samples if those are fewer.
- *Dropout*: `torch.manual_seed(torch_seed(seed, owner, place, "noise") + step)` before each step,
  steps counted from 0 within a phase. Each call of `nn.Dropout` draws a key. On each number that it
  takes, in the order of memory, 16 bits decide, of the 64-bit words that SplitMix64 makes of the
  key, the lowest first.
- *Owner*: the individual as soon as one of the phases so far has used D_I, before that None.
- *Place*: of the phase in the curriculum, from 0.
- *Momentum* starts from nothing in each phase.
- A batch of one sample has no variance: batch normalisation uses what it has learnt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, count, islice
from math import ceil, log
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from monogram.streams import stream, torch_seed

MOMENTUM, L2 = 0.9, 0.001  # "SGD with momentum", "L2-regularization with parameter 0.001"
EARLY_RATE, DECAY = 0.03, 0.316  # "the initial learning rate of 0.03 by 0.316 after epoch 65"
LATE_RATE = 0.01  # "For transfer learning we used a fixed learning rate"


@dataclass
class Data:
    """Training samples of D_G, D_I or their union."""

    X: Tensor
    y: Tensor

    def __or__(self, other: "Data") -> "Data":
        return Data(torch.cat([self.X, other.X]), torch.cat([self.y, other.y]))


@dataclass
class Phase:
    """Where we are: what the random draws are named by, and the momentum so far."""

    seed: int
    owner: str | None
    place: int
    batch: int
    pull: float = 0.0
    longest: float | None = None

    def __post_init__(self) -> None:
        self.step = 0
        self.origin: dict[str, Tensor] = {}
        self.velocity: dict[str, Tensor] = {}

    def batches(self, data: Data, source: str) -> Iterator[Data]:
        n = len(data.y)
        name = (self.seed, self.owner, self.place, source)
        line = chain.from_iterable(stream(*name, turn).permutation(n) for turn in count())
        while True:
            rows = np.array(list(islice(line, min(self.batch, n))))
            yield Data(data.X[rows], data.y[rows])

    def train_on(self, N: nn.Module, batch: Data, rate: float) -> None:
        N.train()
        if len(batch.y) == 1:
            for module in N.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        torch.manual_seed(torch_seed(self.seed, self.owner, self.place, "noise") + self.step)
        N.zero_grad()
        with mock.patch.object(functional, "dropout", dropout):
            functional.cross_entropy(N(batch.X), batch.y).backward()
        if self.longest is not None:
            shorten(N, self.longest)
        with torch.no_grad():
            for name, weights in N.named_parameters():
                assert weights.grad is not None
                if self.pull:
                    origin = self.origin.setdefault(name, weights.clone())
                    gradient = weights.grad.add(weights - origin, alpha=self.pull)
                else:
                    gradient = weights.grad.add(weights, alpha=L2)
                before = self.velocity.get(name)
                velocity = gradient if before is None else before * MOMENTUM + gradient
                weights.add_(velocity, alpha=-rate)
                self.velocity[name] = velocity
        self.step += 1


def dropout(X: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """X with each number dropped with probability p, to the next 16 bits, and the rest scaled."""
    if not training:
        return X
    key = int(torch.empty((), dtype=torch.int64).random_(-(2**63), None))
    words = [splitmix64(key, n) for n in range(1, ceil(X.numel() / 4) + 1)]
    sixteens = [word >> place & 0xFFFF for word in words for place in (0, 16, 32, 48)]
    signed = [bits - 0x10000 if bits >= 0x8000 else bits for bits in sixteens]
    dropped = round(p * 0x10000)
    kept = [float(number >= dropped - 0x8000) for number in signed[: X.numel()]]
    steps = X.stride()
    in_memory = sorted(range(X.dim()), key=lambda axis: -steps[axis])
    back = sorted(range(X.dim()), key=in_memory.__getitem__)
    noise = torch.tensor(kept).view([X.shape[axis] for axis in in_memory]).permute(back)
    return X * noise * (1 / (1 - dropped / 0x10000))


def splitmix64(key: int, n: int) -> int:
    """The n-th 64 bits that follow from a key (Steele, Lea & Flood 2014, Figure 17)."""
    z = (key + n * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def shorten(N: nn.Module, longest: float) -> None:
    """Scale the whole gradient so that it is no longer than that (Pascanu et al. 2013)."""
    gradients = [weights.grad for weights in N.parameters() if weights.grad is not None]
    length = torch.stack([gradient.norm() for gradient in gradients]).norm()
    for gradient in gradients:
        gradient.mul_((longest / (length + 1e-6)).clamp(max=1.0))


def personalization_with_shaping(  # noqa: C901 - the algorithm in one piece, as printed
    N: "Standardised",
    D_G: Data,
    D_I: Data,
    *,
    individual: str,
    seed: int = 0,
    batch: int = 128,
    epochs: int = 100,
    n_ES: int = 0,
    n_I: Fraction | None = None,
    n_TL: int = 0,
    baseline: bool = False,
    pull: float = 0.0,
    longest: float | None = None,
    prior: float | None = None,
    share: float | None = None,
    runs: int = 1,
) -> "Standardised":
    """Algorithm 1; the parts that it is called without do nothing.

    Args:
        N: with its first weights; trained in place.
        D_G: training samples of the global data.
        D_I: training samples of the individual.
        individual: its id.
        seed: of the study.
        batch: batchSize.
        epochs: on D_G, n_S for sample weighing.
        n_ES: iterations on D_I first (early shaping).
        n_I: periodicity of batches from D_I while training on D_G (sample weighing).
        n_TL: iterations on D_I at the end (transfer learning).
        baseline: train on D_G ∪ D_I instead of D_G (section Setup).
        pull: L2 towards the weights at the beginning of transfer learning instead of towards 0.
        longest: gradient that is taken as it is; longer ones are shortened to it.
        prior: smoothing of the correction before transfer learning.
        share: of the way from the global model's weights to go in the end.
        runs: of transfer learning, all from the same weights; their mean is the result.
    """
    place = 0
    if n_ES:  # {Early shaping (ES)}
        phase = Phase(seed, individual, place, batch, longest=longest)
        from_D_I = phase.batches(D_I, "own")
        for _i in range(1, n_ES + 1):  # line 3
            phase.train_on(N, next(from_D_I), EARLY_RATE)
        place += 1

    owner = individual if n_ES or n_I or baseline else None
    phase = Phase(seed, owner, place, batch, longest=longest)
    if n_I is None:
        D = D_G | D_I if baseline else D_G
        n_iter = ceil(Fraction(len(D.y), batch))
        from_D = phase.batches(D, "shared")
        for _i in range(1, epochs + 1):  # lines 4 and 16: Train network N on D_G
            for _j in range(1, n_iter + 1):
                phase.train_on(N, next(from_D), decayed(phase.step, epochs * n_iter))
    else:  # {Sample weighing (SW)}
        n_S = epochs  # line 6
        n_iter = ceil(Fraction(len(D_G.y), batch))  # line 8
        from_D_I, from_D_G = phase.batches(D_I, "own"), phase.batches(D_G, "shared")
        for _i in range(1, n_S + 1):  # line 9
            for j in range(1, n_iter + 1):  # line 10
                rate = decayed(phase.step, n_S * n_iter)
                if batch_is_from_D_I(j, n_I):  # line 11
                    phase.train_on(N, next(from_D_I), rate)
                else:  # line 12
                    phase.train_on(N, next(from_D_G), rate)
    place += 1
    base = clone(N)

    if prior is not None:
        N.prior = correction(D_I, D_G, classes=len(N.prior), smoothing=prior)
        place += 1

    if n_TL:  # {Transfer learning (TL)}
        phase = Phase(seed, individual, place, batch, pull, longest)
        from_D_I = phase.batches(D_I, "own")
        start = clone(N)
        mean: dict[str, Tensor] = {}
        for run in range(1, runs + 1):
            N.load_state_dict(start)
            phase.origin, phase.velocity = {}, {}
            for _i in range(1, n_TL + 1):  # line 18
                phase.train_on(N, next(from_D_I), LATE_RATE)
            mean = mean_with(mean, clone(N), run)
        N.load_state_dict(mean)

    if share is not None:
        for name, weights in N.state_dict().items():
            to = base[name].lerp(weights, share) if weights.is_floating_point() else base[name]
            weights.copy_(to)
        N.prior = share * N.prior
    return N


def clone(N: nn.Module) -> dict[str, Tensor]:
    return {name: weights.clone() for name, weights in N.state_dict().items()}


def mean_with(mean: dict[str, Tensor], end: dict[str, Tensor], n: int) -> dict[str, Tensor]:
    """Of n ends, from the mean of those before; numbers of batches are the first one's."""
    if not mean:
        return end
    return {
        name: before.lerp(end[name], 1 / n) if before.is_floating_point() else before
        for name, before in mean.items()
    }


def correction(D_I: Data, D_G: Data, *, classes: int, smoothing: float) -> Tensor:
    """For each class log(p_I / p_G), D_I's frequencies smoothed with D_G's."""
    log_odds = []
    for c in range(classes):
        p_G = (D_G.y == c).sum().item() / len(D_G.y)
        n = (D_I.y == c).sum().item()
        p_I = (n + smoothing * classes * p_G) / (len(D_I.y) + smoothing * classes)
        log_odds.append(log(p_I / p_G))
    return torch.tensor(log_odds)


def batch_is_from_D_I(j: int, n_I: Fraction) -> bool:
    """Line 11, literally: (j mod n_I = 0 ∧ n_I ≥ 1) ∨ (j mod 1/n_I ≠ 0 ∧ n_I < 1)."""  # noqa: RUF002
    return (n_I >= 1 and Fraction(j) % n_I == 0) or (n_I < 1 and Fraction(j) % (1 / n_I) != 0)


def decayed(step: int, steps: int) -> float:
    """The rate of a step of those on D_G: 65 of 100 epochs are 65 % of the iterations."""
    return EARLY_RATE * DECAY if step >= Fraction(65, 100) * steps else EARLY_RATE


class Standardised(nn.Module):
    """A network on inputs of which D_G's mean is 0 and standard deviation 1, channel by channel."""

    def __init__(self, network: nn.Module, D_G: Data, classes: int) -> None:
        super().__init__()
        self.network = network
        self.prior = torch.zeros(classes)
        X = as_fractions(D_G.X).double()
        others = [axis for axis in range(X.dim()) if axis != 1]
        self.mean = X.mean(others, keepdim=True)[0].float()
        self.scale = X.std(others, correction=0, keepdim=True)[0].float()

    def forward(self, X: Tensor) -> Tensor:
        return self.network((as_fractions(X) - self.mean) / self.scale) + self.prior


def as_fractions(X: Tensor) -> Tensor:
    """Grey values as fractions."""
    return X.float() / 255 if X.dtype == torch.uint8 else X


def first_weights(factory, seed: int) -> nn.Module:
    torch.manual_seed(torch_seed(seed, "network"))
    return factory()


def is_right(N: nn.Module, data: Data) -> Tensor:
    """Which samples are classified as labelled."""
    N.eval()
    with torch.no_grad():
        return N(data.X).argmax(1) == data.y


def accuracy_and_loss(N: nn.Module, data: Data) -> tuple[float, float]:
    """acc(D), and the mean cross entropy."""
    N.eval()
    with torch.no_grad():
        logits = N(data.X)
    right = (logits.argmax(1) == data.y).sum().item()
    return right / len(data.y), functional.cross_entropy(logits, data.y).item()
