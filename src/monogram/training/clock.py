"""Time that counts what a device still has to do: a call only begins work on an accelerator."""

from time import perf_counter

import torch


def moment(device: torch.device) -> float:
    """Seconds of a clock, read when the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return perf_counter()
