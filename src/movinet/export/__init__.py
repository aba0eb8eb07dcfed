"""From a network to a file for a device, smaller if wanted, and the proof that it is the same."""
