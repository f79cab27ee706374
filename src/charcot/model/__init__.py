"""Row 2: mechanisms, ports and units become a ``Program``. This room knows no word of any disease."""
