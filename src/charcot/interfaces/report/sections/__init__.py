"""The sections of the report: each builder turns one kind of result into findings, pictures and tables."""
