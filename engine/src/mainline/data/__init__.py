"""Columns, tables and files: everything between a source and a feature."""
