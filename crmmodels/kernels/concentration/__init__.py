"""How unequal customers are: shares and the Lorenz curve."""
