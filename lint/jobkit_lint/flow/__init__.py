"""Order, dominance and values inside functions: shared by all rules, which do not analyse flow themselves."""
