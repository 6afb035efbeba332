"""Movies and posters become batches: reading, cleaning, splitting, balancing, cropping, loading."""
