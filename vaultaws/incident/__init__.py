"""Incidents: whom one is about, what is done, what it did, and the proof of it."""
