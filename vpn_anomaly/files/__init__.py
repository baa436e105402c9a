"""Single files: their names as users type them, checks before work starts, atomic writes, bounded reads."""
