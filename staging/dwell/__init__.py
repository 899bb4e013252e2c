"""How long what is staged may stay: policies, working time, and the due times they give."""
