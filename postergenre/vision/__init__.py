"""A poster as a picture: networks by name, their weights and stages, views, features."""
