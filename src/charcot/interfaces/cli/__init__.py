"""The command line: one module per verb; data on stdout, talk on stderr."""
