"""These files are read by the type checker, and not run."""

collect_ignore_glob = ["*.py"]
