"""What a model file says of itself, and where published models come from."""

from movinet.models.info import ModelInfo, StatePair, TensorInfo, read_info
from movinet.models.labels import read_labels

__all__ = ["ModelInfo", "StatePair", "TensorInfo", "read_info", "read_labels"]
