"""Labelled clips as training data: folders, lists, splits, checks, cache, augmentation, batches."""

from movinet.datasets.augmentation import Augmentation, apply, view
from movinet.datasets.cache import CachedClips, cache_clips, stored_size
from movinet.datasets.checks import Findings, check
from movinet.datasets.dataset import Dataset, read_dataset
from movinet.datasets.lengths import typical_seconds
from movinet.datasets.loading import Batch, Batches
from movinet.datasets.splitting import split

__all__ = [
    "Augmentation",
    "Batch",
    "Batches",
    "CachedClips",
    "Dataset",
    "Findings",
    "apply",
    "cache_clips",
    "check",
    "read_dataset",
    "split",
    "stored_size",
    "typical_seconds",
    "view",
]
