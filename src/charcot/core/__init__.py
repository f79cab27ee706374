"""Row 1: units, identifiers, expressions, ``Program`` and ``Result``, addressed randomness, errors, hashes."""
