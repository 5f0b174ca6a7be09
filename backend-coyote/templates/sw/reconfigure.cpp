// Loads another shell or another application into a card that runs Coyote, through its driver. No handle of a vFPGA that is
// replaced may be open.
//
// Exit codes: 0 done; 2 wrong arguments; 4 the card.

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include <coyote/cRcnfg.hpp>

namespace {

const char HELP[] =
    "Usage: reconfigure --shell FILE [--device N]\n"
    "       reconfigure --app FILE --vfpga N [--device N]\n"
    "FILE is shell_top.bin or vfpga_cX_Y.bin (.pdi for a V80) of a build that shares the card's static layer.\n";

bool ends(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

} // namespace

int main(int argc, char** argv) {
    std::string shell, app;
    long device = 0, vfpga = -1;
    for (int i = 1; i < argc; i += 2) {
        const std::string option = argv[i];
        if (option == "--help" || option == "-h") {
            std::cout << HELP;
            return 0;
        }
        const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
        char* end = nullptr;
        const long number = value == nullptr ? -1 : std::strtol(value, &end, 10);
        const bool is_number = value != nullptr && end != value && *end == '\0' && number >= 0 && number < 256;
        if (option == "--shell" && value != nullptr) {
            shell = value;
        } else if (option == "--app" && value != nullptr) {
            app = value;
        } else if (option == "--device" && is_number) {
            device = number;
        } else if (option == "--vfpga" && is_number) {
            vfpga = number;
        } else {
            std::cerr << "ERROR: what is " << option << "?\n" << HELP;
            return 2;
        }
    }
    const std::string& file = shell.empty() ? app : shell;
    if (shell.empty() == app.empty() || app.empty() == (vfpga >= 0)) {
        std::cerr << "ERROR: give either --shell, or --app and --vfpga\n" << HELP;
        return 2;
    }
    if (!ends(file, ".bin") && !ends(file, ".pdi")) {
        std::cerr << "ERROR: " << file << " must be a .bin or a .pdi; a .bit goes through Vivado's hardware manager\n";
        return 2;
    }
    if (!std::ifstream(file)) {
        std::cerr << "ERROR: cannot read " << file << "\n";
        return 2;
    }
    try {
        coyote::cRcnfg card(static_cast<unsigned int>(device));
        if (shell.empty()) {
            card.reconfigureApp(app, static_cast<int>(vfpga));
        } else {
            card.reconfigureShell(shell);
        }
    } catch (const std::exception& why) {
        std::cerr << "ERROR: " << why.what() << "\n";
        return 4;
    }
    std::cout << (shell.empty() ? "The application" : "The shell") << " is loaded\n";
    return 0;
}
