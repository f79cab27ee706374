"""The report: one self-contained HTML page with pictures, tables and where each number comes from."""
