"""Everything that people write: one reader, a module per section."""
