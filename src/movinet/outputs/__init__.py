"""What people and programs look at: tables, JSON Lines, CSV, embeddings."""

from movinet.outputs.csvfile import Csv
from movinet.outputs.embeddings import Embeddings
from movinet.outputs.jsonlines import JsonLines
from movinet.outputs.sink import Sink
from movinet.outputs.table import Table

__all__ = ["Csv", "Embeddings", "JsonLines", "Sink", "Table"]
