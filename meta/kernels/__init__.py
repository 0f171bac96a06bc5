"""Pure array functions on NumPy and scipy.special: no pandas, no state, no printing."""
