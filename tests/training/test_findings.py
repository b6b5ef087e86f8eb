"""What is found out about a network once for all cohorts, and when it is looked for anew."""

import pytest
import torch
from torch import nn

from monogram.errors import NetworkError
from monogram.networks import Prepared
from monogram.training import Findings

HEAD = ("network.2.weight", "network.2.bias")


class Counting(nn.Module):
    """Counts how often it is looked through."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, inputs):
        self.calls += 1
        return inputs


def counted(*, tied=False):
    network = nn.Sequential(Counting(), nn.Linear(4, 4), nn.Linear(4, 3 if not tied else 4))
    if tied:
        network[2].weight = network[1].weight
    return Prepared(network, None, None, axes=1, classes=3 if not tied else 4)


@pytest.fixture
def probe():
    return torch.randn(2, 4)


def test_a_network_is_looked_through_once_for_the_same_common_tensors(probe):
    network, findings = counted(), Findings()
    common = {name: tensor for name, tensor in network.state_dict().items() if name not in HEAD}
    for _ in range(3):
        findings.check(network, common, HEAD, probe)
        assert findings.draws(network, common, probe) == []
    assert network.network[0].calls == 2


def test_it_is_looked_through_anew_in_other_modes_and_with_other_common_tensors(probe):
    network, findings = counted(), Findings()
    common = dict(network.state_dict())
    findings.check(network.train(), common, HEAD, probe)
    findings.check(network.eval(), common, HEAD, probe)
    findings.check(network, dict(common), HEAD, probe)
    findings.check(network, dict(common), HEAD[:1], probe)
    assert network.network[0].calls == 4


def test_the_same_cut_is_given_again(probe):
    network, findings = counted().eval(), Findings()
    common = dict(network.state_dict())
    cut = findings.cut(network, common, HEAD, probe)
    assert cut is not None
    assert findings.cut(network, common, HEAD, probe) is cut


def test_a_network_that_cannot_be_stacked_is_told_each_time(probe):
    network, findings = counted(tied=True), Findings()
    for _ in range(2):
        with pytest.raises(NetworkError, match="are one tensor"):
            findings.check(network, {}, ["network.1.weight"], probe)
