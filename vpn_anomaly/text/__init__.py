"""Text from outside made safe to print (no secrets, no control characters), and the standard streams."""
