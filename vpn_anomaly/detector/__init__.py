"""A detector: one model, or several members that are trained and watched with together."""
