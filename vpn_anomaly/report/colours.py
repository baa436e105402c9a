"""The colours of drawings on white."""

INK = "#1f2328"
NORMAL = "#9aa4b0"
# Okabe and Ito's colours, told apart by colour-blind readers; one a class, in order.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
COLOUR_MAP = "magma"  # of maps
