"""A training step with glibc's defaults against one that keeps big blocks.

The setting cannot be taken back within a process, so each measurement is a process of its own,
the two kinds in turn. Processor time, median of the ratios.
"""

import statistics
import subprocess
import sys

PAIRS = 5
STEP = """
import sys, time, torch
from torch.nn.functional import cross_entropy
from monogram.engine.allocator import keep_big_blocks
from monogram.networks import PaperNetwork
torch.set_num_threads(1)
if sys.argv[1] == "kept": assert keep_big_blocks()
network = PaperNetwork(1, 30, 0.25).to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
inputs, labels = torch.randn(128, 1, 32, 32), torch.randint(0, 30, (128,))
for step in range(12):
    if step == 2: started = time.process_time()
    optimizer.zero_grad(); cross_entropy(network(inputs), labels).backward(); optimizer.step()
print((time.process_time() - started) / 10)
"""


def run() -> dict:
    pairs = [(_seconds("plain"), _seconds("kept")) for _ in range(PAIRS)]
    ratios = [plain / kept for plain, kept in pairs]
    line = (
        f"paper's network, quarter width: {statistics.median(ratios):.2f} x "
        f"({min(ratios):.2f} to {max(ratios):.2f}) with big blocks kept"
    )
    return {"pairs": pairs, "ratios": ratios, "lines": [line]}


def _seconds(kind: str) -> float:
    command = [sys.executable, "-c", STEP, kind]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
