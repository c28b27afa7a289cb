"""The checks that ask nobody and move nothing: one subject each."""
