"""Models fitted by maximum likelihood: record, priors and posterior."""
