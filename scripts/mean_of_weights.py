"""The mean of the weights of networks that have been trained from the same beginning.

    python scripts/mean_of_weights.py mean.safetensors a/weights.safetensors b/weights.safetensors

It is often right where either of them is (Wortsman et al., "Model soups", 2022).
"""

from __future__ import annotations

import sys

import torch

from movinet.network import load, save


def main() -> int:
    """Read, take the mean, write."""
    if len(sys.argv) < 4:
        print("usage: mean_of_weights.py OUT NETWORK NETWORK ...", file=sys.stderr)
        return 2
    out, *paths = sys.argv[1:]
    nets = [load(path) for path in paths]
    states = [net.state_dict() for net in nets]
    mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    nets[0].load_state_dict(mean)
    save(nets[0], out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
