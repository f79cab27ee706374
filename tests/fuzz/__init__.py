"""Input that nobody means to write, by the thousand: no traceback, a documented exit code, the file and its line."""
