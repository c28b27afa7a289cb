"""`parkgate-edge doctor`: looks a lot's computer and hardware over, and says in plain words what to mend."""
