"""More blocks at the coarsest level of a trained network, which change nothing until they have learnt.

The coarsest level sees the whole tile at once and costs little: there the
structure of tissue can be learnt.
"""

from __future__ import annotations

import torch

from napari_cosynth.model.unet import JointUNet


def deepened(network: JointUNet, attention_blocks: int) -> JointUNet:
    """A network with more attention blocks that computes what the given one does.

    A new block ends in a layer of zeros, so at first it hands on what it gets.

    Parameters
    ----------
    network
        Left as it is.
    attention_blocks
        At least as many as it has, see `JointUNet`.

    Raises
    ------
    ValueError
        If the network has more.
    """
    had = network.config.attention_blocks
    if attention_blocks < had:
        raise ValueError(
            f"{attention_blocks} attention blocks are fewer than the {had} of the network to start from; "
            f"give {had} or more"
        )
    config = {key: value for key, value in network.config.items() if not key.startswith("_")}
    torch.manual_seed(0)
    deeper = JointUNet(**config | {"attention_blocks": attention_blocks})
    last, now_last = (f"middle.{2 * blocks}." for blocks in (had, attention_blocks))
    weights = deeper.state_dict()
    for name, value in network.state_dict().items():
        weights[now_last + name.removeprefix(last) if name.startswith(last) else name] = value
    deeper.load_state_dict(weights)
    return deeper
