"""Reading other people's weights into the network."""
