"""What was read, held against what is there: the list of true plates, the comparison, the page of errors."""
