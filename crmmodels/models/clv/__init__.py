"""Customer lifetime value, CLV1 to CLV6."""
