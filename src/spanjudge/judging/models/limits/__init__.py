"""How fast a judge model may be asked, and whose turn it is: the calls of all doors pass here."""
