"""On an accelerator: the numbers of the CPU but for the last digits, and no step waits for it."""

import pytest
import torch
from tests.training.test_dual import Class, assert_close

from monogram.curriculum import Mixed, Personal

CUDA = torch.device("cuda")
PHASES = {
    "personal": Personal(20),
    "pulled": Personal(20, pull=0.1),
    "mixed": Mixed(2, iterations=20),
}

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_stacks_and_the_loop_learn_what_they_learn_on_the_cpu(phase):
    here, there = Class(4, phase), Class(4, phase, device=CUDA)
    end = there.together()
    for place in range(len(there.stretches)):
        expected = here.alone(place).weights
        assert_close({n: t.cpu() for n, t in there.alone(place).weights.items()}, expected)
        assert_close({n: t.cpu() for n, t in end.member(place).weights.items()}, expected)


@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_no_step_waits_for_the_device(phase):
    there = Class(4, phase, device=CUDA)

    def after_step(step, snapshot):
        torch.cuda.set_sync_debug_mode("error" if 1 <= step < 17 else "default")

    try:
        there.together(after_step=after_step)
    finally:
        torch.cuda.set_sync_debug_mode("default")
