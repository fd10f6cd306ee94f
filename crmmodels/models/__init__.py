"""One model a file: parameters, documentation and hooks; the arithmetic is in the kernels."""
