"""Grey images as the sources share them: padded, and flipped into classes of their own."""

import numpy as np

SIDE = 32  # pixels, of the paper's network


def padded(images: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Images with as much black on every side as makes them `side` wide and high.

    Args:
        images: [n, height, width] uint8.
        side: pixels.

    Returns:
        [n, 1, side, side] uint8.
    """
    n, height, width = images.shape
    top, left = (side - height) // 2, (side - width) // 2
    result = np.zeros((n, 1, side, side), dtype=np.uint8)
    result[:, 0, top : top + height, left : left + width] = images
    return result


FLIPS = ("", " flipped horizontally", " flipped vertically")
FLIPPED_CLASSES = tuple(f"{digit}{flip}" for flip in FLIPS for digit in range(10))


def with_flips(images: np.ndarray, digits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each image of a digit and its two mirror images, as classes of their own.

    The paper (section Datasets) makes 30 classes of 10 in this way. The three images of one
    digit form a group: a mirror image in the test part tells nothing new about one trained on.

    Args:
        images: [n, 1, height, width].
        digits: [n] integers, 0 to 9.

    Returns:
        Images [3n, 1, height, width], class names [3n], groups [3n].
    """
    inputs = np.concatenate([images, images[..., ::-1], images[..., ::-1, :]])
    names = np.array(FLIPPED_CLASSES).reshape(len(FLIPS), 10)
    return inputs, names[:, digits].reshape(-1), np.tile(np.arange(len(images)), len(FLIPS))
