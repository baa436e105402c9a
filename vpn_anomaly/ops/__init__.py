"""Pure functions on arrays, without parameters; they import nothing but each other."""
