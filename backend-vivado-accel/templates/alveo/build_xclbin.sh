#!/bin/sh
# Builds export/{{ v.project }}.xclbin for {{ v.title }}: finds the platform, compiles the kernel (v++ -c), links it (v++ -l), collects
# reports, and gives nothing out that misses timing or runs slower than {{ v.mhz }} MHz.
#
# Needs Vitis 2020.2 or newer (settings64.sh) and XRT (setup.sh) in the environment.
#
#   sh build_xclbin.sh [-t hw|hw_emu|sw_emu] [-p PLATFORM] [-s SLR<n>|any] [-j JOBS] [-c|-l]
#
#   -t  what for: the card (hw, the default), or emulation of the hardware or the software (sw_emu until Vitis 2024.2)
#   -p  a platform's name, or the path of its .xpfm file; else $PLATFORM, else what the project was made with, else the newest of
#       {{ v.card }}'s that is installed
#   -s  the super logic region of the kernel, or `any`: the linker's choice, for kernels that are larger than one
#   -j  parallel jobs of synthesis and implementation; fewer need less memory
#   -c  compile only
#   -l  link only, what -c left
#
# Exit code: 0 done; 2 wrong arguments; 3 something is missing: a tool, the platform, for -l what -c makes; 4 a tool failed; 5 a tool
# said that all was well but left out what it should have written; 6 timing is missed, or the clock is lower than asked for.
set -eu

project={{ v.project }}
kernel={{ v.top }}
card={{ v.card }}
mhz={{ v.mhz }}
named='{{ v.named }}'
known='{% for name in v.known %}{% if !loop.first %} {% endif %}{{ name }}{% endfor %}'
expected='{{ v.platform }}'

say() {
    printf 'build_xclbin: %s\n' "$*"
}

fail() {
    code=$1
    shift
    printf 'build_xclbin: error: %s\n' "$*" >&2
    exit "$code"
}

target=hw
platform=
slr=
jobs=
only=
while getopts t:p:s:j:cl option; do
    case $option in
    t) target=$OPTARG ;;
    p) platform=$OPTARG ;;
    s) slr=$OPTARG ;;
    j) jobs=$OPTARG ;;
    c | l) [ -z "$only" ] && only=$option || fail 2 'one of -c, -l' ;;
    *) fail 2 "usage: $0 [-t hw|hw_emu|sw_emu] [-p PLATFORM] [-s SLR<n>|any] [-j JOBS] [-c|-l]" ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || fail 2 "unexpected argument: $1"
case $target in
hw | hw_emu | sw_emu) ;;
*) fail 2 "-t $target: must be hw, hw_emu or sw_emu" ;;
esac
case $slr in
'' | any | SLR[0-{{ v.slrs - 1 }}]) ;;
*) fail 2 "-s $slr: must be any, or SLR0 to SLR{{ v.slrs - 1 }}" ;;
esac
case $jobs in
*[!0-9]* | 0*) fail 2 "-j $jobs: must be a number from 1 on" ;;
esac

# Paths in the .cfg files are relative to them, or to where v++ was started (UG1553, "Configuration Files"): make both the same.
unset CDPATH
cd "$(dirname "$0")"

work=_x_$target
if [ "$target" = hw ]; then
    xclbin=export/$project.xclbin
else
    xclbin=export/$project.$target.xclbin
fi
hls={{ v.project }}_hls/solution1/syn/report
if [ "$only" = l ]; then
    [ -s "$work/$kernel.xo" ] || fail 3 "there is no $work/$kernel.xo: compile first, with -c"
    [ -z "$(find firmware compile.cfg hls_pre.tcl -newer "$work/$kernel.xo")" ] ||
        fail 3 "$work/$kernel.xo is older than firmware/ or compile.cfg: compile again, with -c"
    rm -rf "$work/link" "$work/logs/link" "$work/reports/link" "$work/$project.xclbin"
else
    rm -rf "$work"
    rm -f "$hls/${kernel}_csynth.xml" reports/hls.rpt
fi
# What an earlier run left must not be taken for what this one made.
rm -f "$xclbin" export/emconfig.json reports/utilization.rpt reports/utilization_kernel.rpt reports/timing.rpt \
    reports/power.rpt reports/xclbin.txt reports/clocks.json reports/platform.txt
mkdir -p "$work" export reports

# -- The tools -----------------------------------------------------------------------------------------------------------------

need() {
    command -v "$1" >/dev/null 2>&1 || fail 3 "$1 is not found: $2"
}
need v++ 'source settings64.sh of Vitis 2020.2 or newer'
need platforminfo 'source settings64.sh of Vitis 2020.2 or newer'
need xclbinutil 'source setup.sh of XRT, usually /opt/xilinx/xrt/setup.sh'
[ "$target" = hw ] || need emconfigutil 'source settings64.sh of Vitis 2020.2 or newer'

# "****** v++ v2023.2 (64-bit)"
version=$(v++ --version 2>&1) || fail 3 "v++ --version failed: $version"
version=$(printf '%s\n' "$version" | sed -n 's/.*v++ v\([0-9][0-9][0-9][0-9]\)\.\([0-9]\).*/\1\2/p' | head -n 1)
if [ -z "$version" ]; then
    say 'v++ does not tell its version; going on'
elif [ "$version" -lt 20202 ]; then
    fail 3 "v++ is of Vitis ${version%?}.${version#????}: 2020.2 or newer is needed"
elif [ "$target" = sw_emu ] && [ "$version" -gt 20242 ]; then
    # UG1702 2025.1, "Revision History": removed support for sw_emu.
    fail 3 'Vitis 2025.1 and newer have no sw_emu: use -t hw_emu, or the test bench in tb/'
fi

# -- The platform --------------------------------------------------------------------------------------------------------------

# UG1393, "platforminfo Utility": -l lists what is in $PLATFORM_REPO_PATHS and in the installation, with a "baseName" each.
installed=$(platforminfo -l) || fail 3 'platforminfo -l failed'
installed=$(printf '%s\n' "$installed" | sed -n 's/.*"baseName"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p')
is_installed() {
    printf '%s\n' "$installed" | grep -Fxq -e "$1"
}
of_card() {
    printf '%s\n' "$installed" | grep -F -e "_${card}_" | tr '\n' ' '
}
asked=${platform:-${PLATFORM:-$named}}
case $asked in
'')
    for name in $known; do
        if is_installed "$name"; then
            platform=$name
            break
        fi
    done
    [ -n "$platform" ] || fail 3 "none of the platforms of $card that this project knows is installed: $known." \
        "Installed for $card: $(of_card). Install one (its development package, into /opt/xilinx/platforms or a folder of" \
        "PLATFORM_REPO_PATHS), or name one with -p"
    ;;
*.xpfm)
    [ -f "$asked" ] || fail 3 "there is no platform file $asked"
    platform=$asked
    ;;
*)
    is_installed "$asked" || fail 3 "platform $asked is not installed. Installed for $card: $(of_card). Install its development" \
        "package, add its folder to PLATFORM_REPO_PATHS, or name another with -p"
    platform=$asked
    ;;
esac
platforminfo -p "$platform" >reports/platform.txt || fail 3 "platforminfo -p $platform failed"
say "platform $platform"
case $platform in
"$expected" | *"/$expected.xpfm") ;;
*) say "note: manifest.json names $expected; an xclbin loads on the platform that it was built for only" ;;
esac
if [ "$only" = l ] && [ "$(cat "$work/platform" 2>/dev/null)" != "$platform" ]; then
    fail 3 "$work/$kernel.xo was compiled for another platform: compile again, with -c"
fi
printf '%s\n' "$platform" >"$work/platform"

# -- Stages --------------------------------------------------------------------------------------------------------------------

# Runs a tool; its output is left to go where this script's goes.
run() {
    stage=$1
    shift
    say "$stage: $*"
    status=0
    "$@" || status=$?
    [ "$status" -ne 0 ] || return 0
    if [ "$status" -eq 137 ]; then
        fail 4 "$stage was killed (signal 9): most often the machine ran out of memory. Free some, add swap, or use -j 1"
    elif [ "$status" -gt 128 ]; then
        fail 4 "$stage was ended by signal $((status - 128))"
    elif grep -rqs -e 'Out of memory' -e 'std::bad_alloc' -e 'Killed  *"' "$work/logs" "$work/link"; then
        fail 4 "$stage failed with exit code $status after a tool below it ran out of memory. Free some, add swap, or use -j 1"
    elif grep -rqs -e 'did not meet timing' -e 'failed to meet timing' "$work/logs" "$work/link"; then
        fail 6 "$stage failed: timing is missed on a clock that cannot be slowed down, so there is no xclbin. Convert again with a" \
            "longer ClockPeriod than $(period "$mhz") ns or a larger reuse factor; logs are in $work/logs"
    fi
    fail 4 "$stage failed with exit code $status; its logs are in $work/logs"
}

# The period in ns of a clock in MHz.
period() {
    awk -v mhz="$1" 'BEGIN { printf "%.4g", 1000 / mhz }'
}

debug=
[ "$target" = hw ] || debug=-g

# The newest report of that name: those that v++ collected first, then those in its work folder.
find_report() {
    for folder in "$work/reports" "$work"; do
        [ -d "$folder" ] || continue
        found=$(find "$folder" -type f -name "$1" | LC_ALL=C sort | head -n 1)
        if [ -n "$found" ]; then
            printf '%s\n' "$found"
            return
        fi
    done
}
# Copies the report of that name to that file, if there is one.
collect() {
    report=$(find_report "$1")
    [ -n "$report" ] || return 1
    cp "$report" "$2"
}
if [ "$only" != l ]; then
    run 'compiling the kernel' v++ -c -t "$target" ${debug:+"$debug"} --platform "$platform" --config compile.cfg -k "$kernel" -Ifirmware \
        --save-temps --temp_dir "$work" --report_dir "$work/reports" --log_dir "$work/logs" -o "$work/$kernel.xo" \
       {% for file in v.sources %} firmware/{{ file }}{% endfor %}
    [ -s "$work/$kernel.xo" ] || fail 5 "v++ -c ended well but wrote no $work/$kernel.xo"

    collect "${kernel}_csynth.rpt" reports/hls.rpt || say 'note: there is no report of HLS'
    if [ -n "$(find_report "${kernel}_csynth.xml")" ]; then
        mkdir -p "$hls"
        collect "${kernel}_csynth.xml" "$hls/${kernel}_csynth.xml"
    fi
fi
if [ "$only" = c ]; then
    say "compiled: $work/$kernel.xo"
    exit 0
fi

config=link.cfg
case $slr in
any)
    config=$work/link.cfg
    sed '/^slr=/d' link.cfg >"$config"
    ;;
SLR*)
    config=$work/link.cfg
    sed "s/^slr=.*/slr=${kernel}_1:$slr/" link.cfg >"$config"
    ;;
esac
run 'linking' v++ -l -t "$target" ${debug:+"$debug"} --platform "$platform" --config "$config" \
    ${jobs:+--vivado.synth.jobs "$jobs" --vivado.impl.jobs "$jobs"} \
    --save-temps --temp_dir "$work" --report_dir "$work/reports" --log_dir "$work/logs" -o "$work/$project.xclbin" "$work/$kernel.xo"
[ -s "$work/$project.xclbin" ] || fail 5 "v++ -l ended well but wrote no $work/$project.xclbin"

xclbinutil --info --input "$work/$project.xclbin" >reports/xclbin.txt || fail 4 "xclbinutil --info failed on $work/$project.xclbin"
[ -s reports/xclbin.txt ] || fail 5 'xclbinutil --info told nothing'

# -- Emulation: done -----------------------------------------------------------------------------------------------------------

if [ "$target" != hw ]; then
    run 'describing the emulated card' emconfigutil --platform "$platform" --od export
    [ -s export/emconfig.json ] || fail 5 'emconfigutil ended well but wrote no export/emconfig.json'
    cp "$work/$project.xclbin" "$xclbin.part"
    mv "$xclbin.part" "$xclbin"
    say "done: $xclbin; run the host with XCL_EMULATION_MODE=$target beside export/emconfig.json"
    exit 0
fi

# -- Reports and the clock -----------------------------------------------------------------------------------------------------

collect '*full_util_routed.rpt' reports/utilization.rpt || say 'note: there is no report of utilization'
collect '*kernel_util_routed.rpt' reports/utilization_kernel.rpt || say "note: there is no report of the kernel's utilization"
collect '*power_routed.rpt' reports/power.rpt || say 'note: there is no report of power'
# After physical optimization of the routed design, if that was run, else after routing.
collect '*timing_summary_postroute_physopted.rpt' reports/timing.rpt || collect '*timing_summary_routed.rpt' reports/timing.rpt ||
    fail 5 'v++ left no timing summary, so nobody knows whether timing is met'

# Worst slacks of setup, hold and pulse width, in ns: the first row of the table "Design Timing Summary".
slacks=$(awk '
    /WNS\(ns\)/ && /WHS\(ns\)/ { header = 1; next }
    header && /^[ \t]*[-0-9N]/ && !/---/ { print $1, $5, $9; exit }
' reports/timing.rpt)
[ -n "$slacks" ] || fail 5 'reports/timing.rpt has no table "Design Timing Summary"'
say "slack of setup, hold, pulse width in ns: $slacks"

# The clock that XRT will set. DATA is clock 0, the kernel's (XRT, xclbin.h, `CLOCK_TYPE`).
run 'reading the clocks' xclbinutil --force --dump-section CLOCK_FREQ_TOPOLOGY:JSON:reports/clocks.json \
    --input "$work/$project.xclbin"
[ -s reports/clocks.json ] || fail 5 'xclbinutil wrote no reports/clocks.json'
clock=$(tr -d ' \t\r\n' <reports/clocks.json | tr '{' '\n' | grep -F '"m_type":"DATA"' |
    sed -n 's/.*"m_freq_Mhz":"\{0,1\}\([0-9][0-9]*\).*/\1/p' | head -n 1)
[ -n "$clock" ] || fail 5 'the xclbin does not tell the kernel clock (reports/clocks.json)'
[ "$clock" -gt 0 ] || fail 5 'the xclbin has a kernel clock of 0 MHz (reports/clocks.json)'
if [ "$clock" -lt "$mhz" ]; then
    fail 6 "the kernel reaches $clock MHz, not the $mhz MHz asked for: v++ lowered the clock, because timing was missed (slacks" \
        "$slacks ns). Convert again with ClockPeriod $(period "$clock") ns or longer, or with a larger reuse factor." \
        "The slower xclbin is $work/$project.xclbin"
fi
case " $slacks" in
*' -'*) fail 6 "timing is missed: slacks $slacks ns (reports/timing.rpt). Convert again with a longer ClockPeriod than" \
    "$(period "$mhz") ns or a larger reuse factor" ;;
esac

cp "$work/$project.xclbin" "$xclbin.part"
mv "$xclbin.part" "$xclbin"
say "done: $xclbin at $clock MHz"
