"""What pfl works with: people as users, a model, and an algorithm that tunes and judges.

Only pfl's workers import this: pfl joins them, and sets how PyTorch starts processes, when it is
imported.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from pfl.aggregate.simulate import SimulatedBackend
from pfl.algorithm.federated_averaging import FederatedAveraging
from pfl.common_types import Population
from pfl.context import CentralContext
from pfl.data.federated_dataset import FederatedDataset
from pfl.data.pytorch import PyTorchTensorDataset
from pfl.data.sampling import MinimizeReuseUserSampler
from pfl.hyperparam import AlgorithmHyperParams, NNEvalHyperParams, NNTrainHyperParams
from pfl.metrics import Metrics, StringMetricName, Weighted, get_overall_value
from pfl.model.pytorch import PyTorchModel
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import TensorDataset

from benchmarks.price.sides import Accuracies
from benchmarks.price.textbook import JUDGED, RATE, Textbook
from monogram.curriculum import Recipe

ACCURACY = "accuracy"


class Users:
    """One worker's part of a simulation.

    Args:
        textbook: whose data, base and settings.
    """

    def __init__(self, textbook: Textbook) -> None:
        self._textbook = textbook
        self._batch = len(textbook.batches(textbook.individuals[0])[0])
        network, recipe = Network(textbook.network()), Recipe()
        sgd = partial(torch.optim.SGD, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
        self._model = PyTorchModel(network, sgd, torch.optim.SGD(network.parameters()))
        self._tuning = Tuning(self._model, [_whole(part) for part in textbook.shared])

    def accuracies(self, individuals: Sequence[str]) -> Accuracies:
        """Train and judge one cohort: the accuracies of this worker's users."""
        users = FederatedDataset(self._user, MinimizeReuseUserSampler(individuals))
        context = CentralContext(
            current_central_iteration=0,
            do_evaluation=True,
            cohort_size=len(individuals),
            population=Population.VAL,
            algorithm_params=AlgorithmHyperParams(),
            model_train_params=NNTrainHyperParams(
                local_batch_size=self._batch,
                local_num_epochs=1,
                local_learning_rate=RATE,
            ),
            model_eval_params=NNEvalHyperParams(local_batch_size=JUDGED),
        )
        self._tuning.found = {}
        backend = SimulatedBackend(training_data=users, val_data=users)
        backend.gather_results(self._model, self._tuning, central_context=context)
        return self._tuning.found

    def _user(self, individual: str) -> PyTorchTensorDataset:
        """The batches of one person one after the other, and what to judge on."""
        train, *judged = self._textbook.data(individual)
        rows = torch.from_numpy(np.concatenate(self._textbook.batches(individual)))
        return PyTorchTensorDataset(
            tuple(tensor[rows] for tensor in train.tensors),
            user_id=individual,
            metadata={"judged": [_whole(part) for part in judged]},
        )


class Network(nn.Module):
    """A network with what pfl wants of it.

    Args:
        network: from inputs to logits.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """To minimize, of one batch."""
        if not self.training:
            self.train()
        return functional.cross_entropy(self.network(inputs), labels)

    @torch.no_grad()
    def metrics(self, inputs: Tensor, labels: Tensor) -> dict[str, Weighted]:
        """The accuracy of one batch, in [0, 1]."""
        self.eval()
        correct = int((self.network(inputs).argmax(1) == labels).sum())
        return {ACCURACY: Weighted(correct, len(labels))}


class Tuning(FederatedAveraging):  # type: ignore[misc]
    """Tunes the base for each user with pfl's own training, judges it, and averages nothing.

    Args:
        model: the base.
        shared: the global validation and test samples.

    Attributes:
        found: the accuracies of the users so far.
    """

    def __init__(self, model: PyTorchModel, shared: Sequence[PyTorchTensorDataset]) -> None:
        super().__init__()
        self._shared = shared
        self._start = model.get_parameters()
        self._buffers = [buffer.clone() for buffer in model.pytorch_model.buffers()]
        self.found: Accuracies = {}

    def simulate_one_user(
        self, model: PyTorchModel, user_dataset: PyTorchTensorDataset, central_context: Any
    ) -> tuple[None, Metrics]:
        """Train, judge, and go back to the base."""
        self.train_one_user(self._start, model, user_dataset, central_context)
        judged = [
            model.evaluate(part, eval_params=central_context.model_eval_params)
            for part in (*user_dataset.metadata["judged"], *self._shared)
        ]
        _, personal, _, shared = (
            get_overall_value(metrics[StringMetricName(ACCURACY)]) for metrics in judged
        )
        self.found[user_dataset.user_id] = personal, shared
        model.set_parameters(self._start)
        # pfl leaves the statistics of normalisations as they are.
        for buffer, start in zip(model.pytorch_model.buffers(), self._buffers, strict=True):
            buffer.copy_(start)
        return None, Metrics()


def _whole(data: TensorDataset) -> PyTorchTensorDataset:
    return PyTorchTensorDataset(data.tensors)
