// Sends a project's vectors through the network on the card, in batches, and tells latency and throughput. Options are those of
// hls4ml's `test`, and some more: --help lists them.
//
// Exit codes: 0 done; 1 results differ; 2 wrong arguments or files; 4 the card.

#include <getopt.h>

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "host_libs.hpp"
#include "tensors.hpp"

namespace {

using netlathe::BEAT_BYTES;
using netlathe::Manifest;
using netlathe::Tensor;

const char HELP[] =
    "Usage: test [options]\n"
    "  -b, --batch_size N    samples in a batch; the last one may be smaller (1)\n"
    "  -p, --data_path DIR   folder of the vectors (../../tb_data/)\n"
    "  -c, --verify          compare beats to DIR/wrapper_outputs.hex; exit code 1 when any differs\n"
    "  -v, --verbose         tell about every batch\n"
    "      --no-verbose      do not (default)\n"
    "  -f, --features        send DIR/tb_input_features.dat (floats) instead of DIR/wrapper_inputs.hex (beats)\n"
    "  -m, --manifest FILE   the network's manifest (DIR/../manifest.json)\n"
    "  -o, --output_path DIR where results.hex (beats) and results.dat (floats) are written (.)\n"
    "  -d, --device N        the card (0)\n"
    "      --vfpga N         the vFPGA (the manifest's)\n"
    "  -t, --timeout S       longest time without an answer, in seconds (10)\n"
    "  -h, --help            this text\n";

struct Options {
    uint64_t batch_size = 1;
    std::string data_path = "../../tb_data/", manifest, output_path = ".";
    bool verify = false, verbose = false, features = false, help = false;
    uint64_t device = 0;
    int64_t vfpga = -1;
    double timeout = 10;
};

// A mistake of whoever calls.
struct Usage : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What the card or its library says.
struct Card : std::runtime_error {
    using std::runtime_error::runtime_error;
};

uint64_t whole(const char* text, const char* option, uint64_t least, uint64_t most) {
    char* end = nullptr;
    const unsigned long long value = std::strtoull(text, &end, 10);
    if (end == text || *end != '\0' || *text == '-' || value < least || value > most) {
        throw Usage(std::string(option) + " must be a whole number from " + std::to_string(least) + " to " +
                    std::to_string(most) + ", not " + text);
    }
    return value;
}

Options options_of(int argc, char** argv) {
    enum { VFPGA = 1000, QUIET };
    const option known[] = {{"batch_size", required_argument, nullptr, 'b'}, {"data_path", required_argument, nullptr, 'p'},
                            {"verify", no_argument, nullptr, 'c'},           {"verbose", no_argument, nullptr, 'v'},
                            {"no-verbose", no_argument, nullptr, QUIET},     {"features", no_argument, nullptr, 'f'},
                            {"manifest", required_argument, nullptr, 'm'},   {"output_path", required_argument, nullptr, 'o'},
                            {"device", required_argument, nullptr, 'd'},     {"vfpga", required_argument, nullptr, VFPGA},
                            {"timeout", required_argument, nullptr, 't'},    {"help", no_argument, nullptr, 'h'},
                            {nullptr, 0, nullptr, 0}};
    Options options;
    char* end = nullptr;
    for (int letter; (letter = getopt_long(argc, argv, "b:p:cvfm:o:d:t:h", known, nullptr)) != -1;) {
        switch (letter) {
        case 'b': options.batch_size = whole(optarg, "--batch_size", 1, uint64_t(1) << 32); break;
        case 'p': options.data_path = optarg; break;
        case 'c': options.verify = true; break;
        case 'v': options.verbose = true; break;
        case QUIET: options.verbose = false; break;
        case 'f': options.features = true; break;
        case 'm': options.manifest = optarg; break;
        case 'o': options.output_path = optarg; break;
        case 'd': options.device = whole(optarg, "--device", 0, 255); break;
        case VFPGA: options.vfpga = static_cast<int64_t>(whole(optarg, "--vfpga", 0, 14)); break;
        case 't':
            options.timeout = std::strtod(optarg, &end);
            if (end == optarg || *end != '\0' || !(options.timeout >= 1e-6 && options.timeout <= 86400)) {
                throw Usage(std::string("--timeout must be more than 0 and at most a day, not ") + optarg);
            }
            break;
        case 'h': options.help = true; break;
        default: throw Usage("see --help");
        }
    }
    if (optind < argc) {
        throw Usage(std::string("there is no argument ") + argv[optind] + "; see --help");
    }
    return options;
}

// All samples of every tensor, one after another.
using Batch = std::vector<std::vector<uint8_t>>;

// Reads a file of beats, a line a sample; gives the number of samples.
uint64_t read_beats(const std::string& path, const std::vector<Tensor>& tensors, Batch& batch) {
    std::ifstream file(path);
    if (!file) {
        throw Usage("cannot read " + path);
    }
    batch.assign(tensors.size(), {});
    uint64_t samples = 0;
    for (std::string line, token; std::getline(file, line);) {
        std::istringstream words(line);
        samples++;
        for (size_t i = 0; i < tensors.size(); i++) {
            for (uint64_t beat = 0; beat < tensors[i].beats; beat++) {
                if (!(words >> token) || !netlathe::read_beat(token, batch[i])) {
                    throw Usage(path + ", line " + std::to_string(samples) + ": beat " + std::to_string(beat) + " of " +
                                tensors[i].name + " must be 128 hexadecimal digits");
                }
            }
        }
        if (words >> token) {
            throw Usage(path + ", line " + std::to_string(samples) + " has more beats than the network has");
        }
    }
    return samples;
}

// Reads a file of floats, a line a sample, all inputs one after another.
uint64_t read_floats(const std::string& path, const std::vector<Tensor>& tensors, Batch& batch) {
    for (const Tensor& tensor : tensors) {
        if (!tensor.floating) {
            throw Usage("input " + tensor.name + " is packed fixed-point; use wrapper_inputs.hex, or coyote_overlay.py for floats");
        }
    }
    std::ifstream file(path);
    if (!file) {
        throw Usage("cannot read " + path);
    }
    batch.assign(tensors.size(), {});
    uint64_t samples = 0;
    for (std::string line, token; std::getline(file, line);) {
        std::istringstream words(line);
        samples++;
        for (size_t i = 0; i < tensors.size(); i++) {
            batch[i].resize(samples * tensors[i].bytes());
            uint8_t* sample = batch[i].data() + (samples - 1) * tensors[i].bytes();
            for (uint64_t element = 0; element < tensors[i].elements; element++) {
                char* end = nullptr;
                const double value = words >> token ? std::strtod(token.c_str(), &end) : 0;
                if (end == nullptr || end == token.c_str() || *end != '\0') {
                    throw Usage(path + ", line " + std::to_string(samples) + ": value " + std::to_string(element) + " of " +
                                tensors[i].name + " must be a number");
                }
                netlathe::put_number(tensors[i], sample, element, value);
            }
        }
        if (words >> token) {
            throw Usage(path + ", line " + std::to_string(samples) + " has more values than the network has inputs");
        }
    }
    return samples;
}

void write_results(const Options& options, const std::vector<Tensor>& tensors, const Batch& batch, uint64_t samples) {
    const std::string hex = options.output_path + "/results.hex", dat = options.output_path + "/results.dat";
    std::ofstream beats(hex), floats(dat);
    floats << std::setprecision(17);
    for (uint64_t sample = 0; sample < samples; sample++) {
        const char* before = "";
        for (size_t j = 0; j < tensors.size(); j++) {
            const uint8_t* bytes = batch[j].data() + sample * tensors[j].bytes();
            for (uint64_t beat = 0; beat < tensors[j].beats; beat++) {
                beats << (j + beat > 0 ? " " : "") << netlathe::write_beat(bytes + beat * BEAT_BYTES);
            }
            for (uint64_t element = 0; element < tensors[j].elements; element++, before = " ") {
                floats << before << netlathe::number_at(tensors[j], bytes, element);
            }
        }
        beats << "\n";
        floats << "\n";
    }
    beats.close();
    floats.close();
    if (!beats || !floats) {
        throw Usage("cannot write " + hex + " and " + dat);
    }
}

// Compares elements as integers; prints the first differences and gives the number of elements that differ.
uint64_t differences(const std::vector<Tensor>& tensors, const Batch& found, const Batch& expected, uint64_t samples) {
    uint64_t count = 0;
    for (uint64_t sample = 0; sample < samples; sample++) {
        for (size_t j = 0; j < tensors.size(); j++) {
            const Tensor& tensor = tensors[j];
            const uint8_t* x = found[j].data() + sample * tensor.bytes();
            const uint8_t* y = expected[j].data() + sample * tensor.bytes();
            if (std::equal(x, x + tensor.bytes(), y)) {
                continue;
            }
            const uint64_t before = count;
            for (uint64_t element = 0; element < tensor.elements; element++) {
                const uint64_t a = netlathe::bits_at(x, tensor.first_bit(element), tensor.bits);
                const uint64_t b = netlathe::bits_at(y, tensor.first_bit(element), tensor.bits);
                if (a != b && count++ < 10) {
                    std::cout << "sample " << sample << ", " << tensor.name << "[" << element << "]: " << std::hex << a << ", "
                              << b << std::dec << " was expected (" << netlathe::number_at(tensor, x, element) << ", "
                              << netlathe::number_at(tensor, y, element) << ")\n";
                }
            }
            // Bits that hold no element.
            if (count == before && count++ < 10) {
                std::cout << "sample " << sample << ", " << tensor.name << ": unused bits of the last beat are not zero\n";
            }
        }
    }
    return count;
}

std::vector<netlathe_stream> streams(const std::vector<Tensor>& tensors) {
    std::vector<netlathe_stream> all;
    for (const Tensor& tensor : tensors) {
        all.push_back({tensor.bytes(), tensor.stream, 0});
    }
    return all;
}

struct Closed {
    netlathe_device* device;
    ~Closed() { netlathe_close(device); }
};

int run(const Options& options) {
    const std::string data = options.data_path + (options.data_path.empty() || options.data_path.back() == '/' ? "" : "/");
    const std::string path = options.manifest.empty() ? data + "../manifest.json" : options.manifest;
    Manifest manifest;
    try {
        manifest = netlathe::manifest_of(path);
    } catch (const std::exception& why) {
        throw Usage(why.what());
    }
    if (options.features && options.verify) {
        throw Usage("--verify compares to wrapper_outputs.hex, which belongs to wrapper_inputs.hex; leave out --features");
    }
    Batch inputs, outputs, expected;
    const uint64_t samples = options.features ? read_floats(data + "tb_input_features.dat", manifest.inputs, inputs)
                                              : read_beats(data + "wrapper_inputs.hex", manifest.inputs, inputs);
    if (samples == 0) {
        throw Usage("there is no sample in " + data);
    }
    if (options.verify && read_beats(data + "wrapper_outputs.hex", manifest.outputs, expected) != samples) {
        throw Usage(data + "wrapper_outputs.hex has not as many samples as wrapper_inputs.hex");
    }
    for (const Tensor& tensor : manifest.outputs) {
        outputs.emplace_back(samples * tensor.bytes());
    }

    netlathe_options wished = {};
    wished.size = sizeof wished;
    wished.vfpga = options.vfpga >= 0 ? static_cast<int32_t>(options.vfpga) : manifest.vfpga;
    wished.device = static_cast<uint32_t>(options.device);
    wished.timeout_us = static_cast<uint64_t>(options.timeout * 1e6);
    const auto in = streams(manifest.inputs), out = streams(manifest.outputs);
    const Closed closed = {netlathe_open(&wished, in.data(), static_cast<uint32_t>(in.size()), out.data(),
                                         static_cast<uint32_t>(out.size()))};
    if (closed.device == nullptr) {
        throw Card(netlathe_error());
    }
    const std::string note = netlathe_note(closed.device);
    if (!note.empty()) {
        std::cerr << "NOTE: " << note << "\n";
    }

    uint64_t batches = 0;
    double microseconds = 0, rates = 0;
    for (uint64_t first = 0; first < samples; first += options.batch_size, batches++) {
        const uint64_t size = std::min(options.batch_size, samples - first);
        std::vector<const void*> from;
        std::vector<void*> to;
        for (size_t i = 0; i < in.size(); i++) {
            from.push_back(inputs[i].data() + first * in[i].bytes);
        }
        for (size_t j = 0; j < out.size(); j++) {
            to.push_back(outputs[j].data() + first * out[j].bytes);
        }
        netlathe_result result = {0, 0};
        if (netlathe_run(closed.device, from.data(), to.data(), size, &result) != NETLATHE_OK) {
            throw Card("batch " + std::to_string(batches) + ": " + netlathe_error());
        }
        const double took = static_cast<double>(std::max<uint64_t>(result.nanoseconds, 1)) / 1e3;
        microseconds += took;
        rates += static_cast<double>(size) / took * 1e6;
        if (options.verbose) {
            std::cout << "Batch " << batches << ": " << size << " samples, " << took << " us\n";
        }
    }
    const double count = static_cast<double>(batches);
    std::cout << "Processed " << samples << " samples in " << batches << " batches of " << options.batch_size;
    if (samples % options.batch_size != 0) {
        std::cout << ", the last one of " << samples % options.batch_size;
    }
    std::cout << "\nMean latency: " << microseconds / count << " us (a batch)\n"
              << "Mean throughput: " << rates / count << " inferences/s\n";

    write_results(options, manifest.outputs, outputs, samples);
    if (!options.verify) {
        return 0;
    }
    const uint64_t wrong = differences(manifest.outputs, outputs, expected, samples);
    if (wrong == 0) {
        std::cout << "All " << samples << " samples are as expected, bit by bit\n";
        return 0;
    }
    std::cout << wrong << " values differ from " << data << "wrapper_outputs.hex\n";
    return 1;
}

} // namespace

int main(int argc, char** argv) {
    try {
        const Options options = options_of(argc, argv);
        if (options.help) {
            std::cout << HELP;
            return 0;
        }
        return run(options);
    } catch (const Usage& why) {
        std::cerr << "ERROR: " << why.what() << "\n";
        return 2;
    } catch (const std::exception& why) {
        std::cerr << "ERROR: " << why.what() << "\n";
        return 4;
    }
}
