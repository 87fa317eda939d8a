"""`ekc.yaml`: read, checked as a whole, and handed on as one frozen `Settings`."""
