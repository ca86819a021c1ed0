"""Pieces that several forms of output share."""
