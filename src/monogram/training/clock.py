"""Time that counts what a device still has to do: a call only begins work on an accelerator."""

from time import perf_counter, process_time

import torch


def moment(device: torch.device) -> float:
    """Seconds of a clock, read when the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return perf_counter()


def effort(device: torch.device) -> float:
    """Seconds that this process has computed, to compare ways to do the same.

    Unlike those of a clock they leave out what other processes take of the processor: a step of a
    millisecond that waits for its turn would seem to take twenty. An accelerator's are those of a
    clock, and so are those of several threads, of which it matters how well they share the work.
    """
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    return process_time() if alone else moment(device)
