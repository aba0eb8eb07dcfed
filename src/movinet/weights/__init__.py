"""Reading other people's weights into the network."""

from movinet.weights.deduction import Said
from movinet.weights.importing import Imported, read

__all__ = ["Imported", "Said", "read"]
