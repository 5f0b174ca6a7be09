// hls::stream for compilers that do not have the vendor's header; in this folder so that only g++ sees it.
//
// Streams hold any number of values, and reading an empty one ends the program. With -DNNET_BOUNDED the processes of a dataflow
// region run side by side (NNET_PROCESS in nnet_stream.h) and a stream takes as many values as its depth: a read waits for a
// value, a write for room, as in hardware. When every process waits, the streams that they wait for are printed and the program
// ends with exit code 3, as it does when a stream of a process ends with values left in it.
#ifndef NETLATHE_HLS_STREAM_H_
#define NETLATHE_HLS_STREAM_H_

#if defined(__SYNTHESIS__) || defined(__VITIS_HLS__) || defined(__HLS_CSIM__)
#include_next <hls_stream.h>
#else

#include <cstdio>
#include <cstdlib>
#include <deque>

#ifdef NNET_BOUNDED
#include "nnet_coroutines.h"
#endif

namespace hls {

template <class T> class stream {
  public:
    stream() : depth_(0), name_("of the top function") {}
    explicit stream(const char *name) : depth_(0), name_(name) {}

    // In hardware what is left would be taken for the next sample.
    ~stream() {
        if (depth_ > 0 && !values_.empty()) {
            std::fprintf(stderr, "stream %s: %u value(s) left\n", name_, size());
            std::exit(3);
        }
    }

    T read() {
        await_value();
        const T value = values_.front();
        values_.pop_front();
        moved();
        return value;
    }

    void read(T &value) { value = read(); }

    bool read_nb(T &value) {
        if (values_.empty()) {
            return false;
        }
        value = read();
        return true;
    }

    void write(const T &value) {
        await_room();
        values_.push_back(value);
        moved();
    }

    bool write_nb(const T &value) {
        if (full()) {
            return false;
        }
        write(value);
        return true;
    }

    void operator>>(T &value) { read(value); }
    void operator<<(const T &value) { write(value); }

    bool empty() const { return values_.empty(); }
    bool full() const { return depth_ > 0 && values_.size() >= depth_; }
    unsigned size() const { return static_cast<unsigned>(values_.size()); }

    // Values that it takes; unlimited until this is called.
    void bound(unsigned depth, const char *name) {
        depth_ = depth;
        name_ = name;
    }

  private:
    stream(const stream &);
    stream &operator=(const stream &);

#ifdef NNET_BOUNDED
    void await_value() {
        while (values_.empty()) {
            nnet_sim::wait(name_, "a value");
        }
    }
    void await_room() {
        while (full()) {
            nnet_sim::wait(name_, "room");
        }
    }
    void moved() { nnet_sim::moved(); }
#else
    void await_value() const {
        if (values_.empty()) {
            std::fprintf(stderr, "stream %s: read while empty\n", name_);
            std::exit(3);
        }
    }
    void await_room() const {}
    void moved() const {}
#endif

    std::deque<T> values_;
    std::size_t depth_;
    const char *name_;
};

} // namespace hls

#endif
#endif
