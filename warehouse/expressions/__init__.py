"""Ibis expressions over the views, each a question a screen asks."""
