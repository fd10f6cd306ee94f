"""What plots share: figures, fonts, text, tiles and labels."""
