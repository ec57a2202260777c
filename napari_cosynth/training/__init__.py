"""Training of the joint model: batches, losses, the loop, checkpoints."""
