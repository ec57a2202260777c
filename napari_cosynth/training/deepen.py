"""More blocks and inputs of a trained network, which change nothing until they have learnt.

The coarsest level sees the whole tile at once and costs little: there the
structure of tissue can be learnt. On the way up its texture is made.
"""

from __future__ import annotations

import torch

from napari_cosynth.model.unet import JointUNet


def deepened(
    network: JointUNet,
    attention_blocks: int | None = None,
    refinements: tuple[int, ...] | None = None,
    told_detail: bool = False,
) -> JointUNet:
    """A network with more blocks, or told of more, that computes what the given one does.

    What is new ends in a layer of zeros, so at first it changes nothing.

    Parameters
    ----------
    network
        Left as it is.
    attention_blocks, refinements
        At least as many as it has, see `JointUNet`; None leaves them as they are.
    told_detail
        Whether it is to be told of each image's detail; one that was stays so.

    Raises
    ------
    ValueError
        If the network has more, or other levels.
    """
    config = {key: value for key, value in network.config.items() if not key.startswith("_")}
    had, levels = config["attention_blocks"], len(config["channels"])
    if attention_blocks is None:
        attention_blocks = had
    elif attention_blocks < had:
        raise ValueError(
            f"{attention_blocks} attention blocks are fewer than the {had} of the network to start from; "
            f"give {had} or more"
        )
    refined = tuple(config["refinements"]) or (0,) * levels
    if refinements is None:
        refinements = tuple(config["refinements"])
    elif len(refinements) != levels or any(now < before for now, before in zip(refinements, refined, strict=True)):
        raise ValueError(
            f"{','.join(map(str, refinements))} refinements do not go with the network to start from: it has "
            f"{','.join(map(str, refined))}; give as many or more for each of its {levels} levels"
        )
    torch.manual_seed(0)
    told_detail = told_detail or config["told_detail"]
    config |= {"attention_blocks": attention_blocks, "refinements": refinements, "told_detail": told_detail}
    deeper = JointUNet(**config)
    last, now_last = (f"middle.{2 * blocks}." for blocks in (had, attention_blocks))
    weights = deeper.state_dict()
    for name, value in network.state_dict().items():
        weights[now_last + name.removeprefix(last) if name.startswith(last) else name] = value
    deeper.load_state_dict(weights)
    return deeper
