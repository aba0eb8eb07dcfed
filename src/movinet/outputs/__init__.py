"""What people and programs look at: tables, JSON Lines, CSV, embeddings."""
