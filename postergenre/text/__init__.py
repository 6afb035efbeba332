"""A poster as something written: what stands on it, read and understood."""
