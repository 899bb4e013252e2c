"""Events of partners, taken in as our own actions: the same functions, the same gate."""
