"""The paper's network (Table 1), VGG-style, for images of 16 × 16 and up; 32 × 32 in the paper.

The paper prints convolutions, pooling, dropout and one fully connected layer on 256 features; it
names neither normalisation nor initialisation. Ours:

- *Batch normalisation* after each convolution (`normalised`). Without it (`plain`) 500 iterations
  on four classes of one individual (early shaping, class counts) can end at chance for good. They
  kill no ReLU themselves, but the network is so sure of its classes that the first gradients on
  D_G are tens of times longer than usual, and the steps along them silence a whole layer.
  Normalised, the same loss has a gradient of a fifth of that length, and a channel's activations
  are centred again in each batch: none died (docs/early-shaping.md).
- *He initialisation* (He et al. 2015), which keeps the variance through ReLUs.
- *An average over what is left of the picture* (2 × 2 for 32 × 32) before the classifier: it
  makes the 256 features of Table 1 and lets other sizes in.
"""

from collections.abc import Callable

from torch import Tensor, nn

SMALLEST_SIDE = 16
Convolution = Callable[[int, int, int], tuple[nn.Module, ...]]


def normalised(inputs: int, outputs: int, size: int) -> tuple[nn.Module, ...]:
    """A convolution that keeps the picture's size, batch normalisation and a ReLU.

    Args:
        inputs: channels.
        outputs: channels.
        size: side of the kernel, odd, in pixels.
    """
    convolution = _he(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False))
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)


def plain(inputs: int, outputs: int, size: int) -> tuple[nn.Module, ...]:
    """A convolution that keeps the picture's size, its bias at first 0, and a ReLU.

    Args:
        inputs: channels.
        outputs: channels.
        size: side of the kernel, odd, in pixels.
    """
    convolution = _he(nn.Conv2d(inputs, outputs, size, padding=size // 2))
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution, nn.ReLU(inplace=True)


class PaperNetwork(nn.Module):
    """Table 1 of the paper.

    Args:
        channels: of the input, 1 for grey images.
        classes: number of logits.
        width: factor on all numbers of channels; 1 is the paper's (0.44 M parameters).
        convolution: makes the layers of one convolution, `normalised` or `plain`.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        width: float = 1.0,
        convolution: Convolution = normalised,
    ) -> None:
        super().__init__()
        c32, c64, c128, c256 = (max(1, round(count * width)) for count in (32, 64, 128, 256))
        self.features = nn.Sequential(
            *convolution(channels, c32, 3),
            *convolution(c32, c64, 3),
            nn.MaxPool2d(2),
            nn.Dropout(0.2),
            *convolution(c64, c128, 3),
            *convolution(c128, c128, 3),
            nn.MaxPool2d(2),
            *convolution(c128, c128, 3),
            *convolution(c128, c128, 1),
            nn.MaxPool2d(2),
            *convolution(c128, c256, 1),
            nn.MaxPool2d(2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.35),
        )
        self.classifier = nn.Linear(c256, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Images [batch, channels, height, width] to logits [batch, classes]."""
        logits: Tensor = self.classifier(self.features(inputs))
        return logits


def _he(convolution: nn.Conv2d) -> nn.Conv2d:
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution
