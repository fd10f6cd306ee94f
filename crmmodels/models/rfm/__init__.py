"""RFM: recency, frequency and money."""
