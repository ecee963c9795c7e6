"""What the REST API takes and gives: the contract with the pages, from which their types are generated."""
