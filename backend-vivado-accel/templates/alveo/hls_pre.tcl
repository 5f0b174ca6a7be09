# Run by v++ -c before synthesis (compile.cfg). The share of the clock period that is left to placement and routing; the tool's
# own is 27 % (UG1399, "set_clock_uncertainty").
set_clock_uncertainty {{ v.uncertainty }}%
