"""Tables of any kind: columns, dates, units and how answers go back."""
