"""Networks: one file a model. `create_model` builds any of them by name."""
