"""Teaching a network: recipes, the loop, and what comes out of it."""

from movinet.training.recipes import RECIPES, Recipe
from movinet.training.run import Settings, Trained, fresh, train

__all__ = ["RECIPES", "Recipe", "Settings", "Trained", "fresh", "train"]
