"""The formulas of the effect measures: pure array functions, one module per design."""
