"""Purchase histories and the models of them."""
