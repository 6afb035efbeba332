"""A model as a folder of files that run no code, and its answers without torch, fastai and pandas."""
