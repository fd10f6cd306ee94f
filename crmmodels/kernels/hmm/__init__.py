"""Hidden Markov models of counts."""
