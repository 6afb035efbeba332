"""How a learner is made."""
