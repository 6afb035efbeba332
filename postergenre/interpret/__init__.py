"""Why a model says what it says, and where it fails."""
