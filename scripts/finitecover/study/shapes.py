"""What image sizes admit; apart from the networks so that a study can be checked without importing PyTorch."""


def first_padding(side):
    """Padding of a ConvNet's first convolution: 28x28 images grow to 32x32, as in the reference for MNIST."""
    return 3 if side == 28 else 1


def deepest_convnet(side):
    """Most blocks of a ConvNet on images whose shorter side is `side`: its last feature map is at least 2x2.

    Instance norm followed by pooling to a single value would erase nearly all that the block held.
    """
    return max(0, (side + 2 * (first_padding(side) - 1)).bit_length() - 2)
