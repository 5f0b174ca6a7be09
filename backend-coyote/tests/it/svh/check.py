"""Elaborates SystemVerilog: check.py TOP INCLUDE_DIR FILE...; says what is wrong, warnings that matter included.

`mixed-var-assigns` is off: the parser takes a tie_off task for a driver of its interface whether it is called or not.
"""
import sys

from pyslang.driver import Driver

top, include, *files = sys.argv[1:]
driver = Driver()
driver.addStandardArgs()
ok = driver.parseCommandLine(
    "slang --top {} -I {} --allow-toplevel-iface-ports -DSYNTHESIS -Wextra -Werror=port-width-trunc -Werror=port-width-expand -Werror=unconnected-input-port "
    "-Wno-explicit-static -Wno-unused -Wno-mixed-var-assigns {}".format(top, include, " ".join(files))
)
ok = ok and driver.processOptions() and driver.parseAllSources()
sys.exit(0 if ok and driver.runFullCompilation(False) else 1)
