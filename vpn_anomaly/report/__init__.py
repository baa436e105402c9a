"""One HTML file that stands alone: tables, curves and pictures, to be looked at in any browser."""
