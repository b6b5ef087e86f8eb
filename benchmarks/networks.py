"""Networks that workloads bring along, in a module that imports no more than a user's own would.

Each worker process imports it.
"""

from torch import Tensor, nn


class Transformer(nn.Module):
    """A small transformer on series, cut into pieces of five points.

    Args:
        channels: of the series.
        classes: number of logits.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.pieces = nn.Conv1d(channels, 64, 5, stride=5)
        layer = nn.TransformerEncoderLayer(64, 4, 128, dropout=0.1, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.classifier = nn.Linear(64, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Series [batch, channels, time] to logits [batch, classes]."""
        tokens = self.pieces(inputs).transpose(1, 2)
        logits: Tensor = self.classifier(self.layers(tokens).mean(1))
        return logits


class Frozen(nn.Module):
    """A head on 256 features that a frozen body makes of as many numbers.

    Args:
        classes: number of logits.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(256, 256), nn.ReLU())
        self.head = nn.Linear(256, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Vectors [batch, 256] to logits [batch, classes]."""
        logits: Tensor = self.head(self.body(inputs))
        return logits
