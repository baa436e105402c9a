"""Single files: named as users write them, tried before the work, written whole, read within bounds."""
