// Signals that must not end the process while a card writes into its memory.

#ifndef NETLATHE_DEFERRED_HPP
#define NETLATHE_DEFERRED_HPP

#include <csignal>
#include <cstring>
#include <mutex>

namespace netlathe {

constexpr int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP};
// The signal that came, or 0.
inline volatile std::sig_atomic_t caught = 0;

extern "C" inline void netlathe_note_signal(int number) {
    caught = number;
}

// While one lives, a signal is only noted. The last one to go puts the handlers back and then delivers what came.
class Deferred {
  public:
    Deferred() {
        std::lock_guard<std::mutex> lock(mutex());
        if (count()++ == 0) {
            caught = 0;
            for (int i = 0; i < 3; i++) {
                struct sigaction noting;
                std::memset(&noting, 0, sizeof noting);
                noting.sa_handler = netlathe_note_signal;
                noting.sa_flags = SA_RESTART;
                sigemptyset(&noting.sa_mask);
                sigaction(SIGNALS[i], &noting, &before()[i]);
                if (before()[i].sa_handler == SIG_IGN) {
                    sigaction(SIGNALS[i], &before()[i], nullptr);
                }
            }
        }
    }

    ~Deferred() {
        std::unique_lock<std::mutex> lock(mutex());
        if (--count() > 0) {
            return;
        }
        for (int i = 0; i < 3; i++) {
            sigaction(SIGNALS[i], &before()[i], nullptr);
        }
        const int number = caught;
        lock.unlock();
        if (number != 0) {
            std::raise(number);
        }
    }

    Deferred(const Deferred&) = delete;
    Deferred& operator=(const Deferred&) = delete;

  private:
    static std::mutex& mutex() {
        static std::mutex one;
        return one;
    }
    static int& count() {
        static int runs = 0;
        return runs;
    }
    static struct sigaction* before() {
        static struct sigaction actions[3];
        return actions;
    }
};

} // namespace netlathe

#endif
