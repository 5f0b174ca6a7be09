# What the stand-ins share. They take the place of the vendor's tools in tests: they check how they are called, write files of the
# real names and formats, and fail as STAND_IN_FAIL says.

fail=${STAND_IN_FAIL:-}
here=$(cd "$(dirname "$0")" && pwd)
data=$here/../data/reports

# Wrong use: not one of the failures that tests ask for.
refuse() {
    echo "STAND-IN: $(basename "$0"): $1" >&2
    exit 99
}

# A value of project.tcl.
project_value() {
    sed -n "s/^set $1 //p" project.tcl
}

banner() {
    echo
    echo "****** $1 v$2 (64-bit)"
    echo "  **** SW Build 4029153 on Fri Oct 13 20:13:54 MDT 2023"
    echo "    ** Copyright 1986-2022 Xilinx, Inc. All Rights Reserved."
    echo
}

# What both kinds of HLS do with build_hls.tcl; $1 the banner's name, $2 the version, $3 the report.
hls() {
    [ -f build_hls.tcl ] && [ -f project.tcl ] || refuse "no build_hls.tcl in $PWD"
    name=$(project_value project_name)
    [ -n "$name" ] || refuse "project.tcl names no project"
    [ -f "firmware/${name}_axi.cpp" ] || refuse "no firmware/${name}_axi.cpp"
    banner "$1" "$2"
    echo "INFO: [HLS 200-10] Running 'vitis_hls'"
    echo "# puts stderr \"ERROR: [Common 17-345] this is a script's echo, no message\""
    case $fail in
    part) echo "ERROR: [HLS 200-1023] Part '$(project_value part)' is not installed." >&2; exit 1 ;;
    csim)
        echo "@E Simulation failed: Function 'main' returns nonzero value '1'."
        echo "ERROR: [SIM 211-100] 'csim_design' failed: nonzero return value." >&2
        exit 1 ;;
    cosim) echo "ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***" >&2; exit 1 ;;
    source) echo "ERROR: [HLS 207-3776] use of undeclared identifier 'hls' (firmware/$name.cpp:7:1)" >&2; exit 1 ;;
    memory)
        echo "/tools/Xilinx/Vitis_HLS/2023.2/bin/rdiArgs.sh: line 312:  2555 Killed                  \"\$RDI_PROG\" \"\$@\"" >&2
        exit 137 ;;
    killed) kill -9 $$ ;;
    silent_hls) echo "INFO: [HLS 200-112] Total elapsed time: 1 seconds"; exit 0 ;;
    hang) sleep 600 ;;
    esac
    solution=${name}_hls/solution1
    rm -rf "$solution" # open_project -reset
    mkdir -p "$solution/syn/report" "$solution/impl/ip/drivers/${name}_axi_v1_0/src"
    sed "s/tiny_axi/${name}_axi/g" "$data/$3" > "$solution/syn/report/${name}_axi_csynth.xml"
    if [ "$fail" = registers ]; then
        upper=$(echo "$name" | tr a-z A-Z)
        echo "#define X${upper}_AXI_CONTROL_ADDR_SCALE_DATA 0x10" \
            > "$solution/impl/ip/drivers/${name}_axi_v1_0/src/x${name}_axi_hw.h"
    fi
    # As HLS would write it for the kernel's registers.
    if [ -n "${STAND_IN_HEADER:-}" ]; then
        cp "$STAND_IN_HEADER" "$solution/impl/ip/drivers/${name}_axi_v1_0/src/x${name}_axi_hw.h"
    fi
    echo "<spirit:component/>" > "$solution/impl/ip/component.xml"
    echo "INFO: [HLS 200-789] **** Estimated Fmax: 140.35 MHz"
    exit 0
}
