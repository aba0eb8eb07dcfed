"""The MoViNet family in PyTorch: networks for whole clips and frame by frame."""

from movinet.network.config import NetworkConfig
from movinet.network.file import load, save
from movinet.network.movinet import MoViNet
from movinet.network.state import State
from movinet.network.variants import FAMILY, Layer, Variant

__all__ = ["FAMILY", "Layer", "MoViNet", "NetworkConfig", "State", "Variant", "load", "save"]
