// Processes side by side in one thread, for the bounded simulation of hls_stream.h: each has a stack of its own and runs until
// it has to wait. Nothing depends on time: the same program gives the same order. A process may have processes of its own: a
// wrapper's network does.
#ifndef NETLATHE_NNET_COROUTINES_H_
#define NETLATHE_NNET_COROUTINES_H_

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include <sys/mman.h>
#include <ucontext.h>

namespace nnet_sim {

struct coroutine {
    std::function<void()> body;
    ucontext_t context;
    void *stack;
    const char *stream; // that it waits for
    const char *what;   // is missing there
    bool ended;
    coroutine *parent;  // that started it, if one did
    unsigned children;  // that have not ended
};

struct state {
    std::vector<coroutine *> all;
    coroutine *running;
    ucontext_t scheduler;
    unsigned long moves;
};

inline state &shared() {
    static state s = {std::vector<coroutine *>(), 0, ucontext_t(), 0};
    return s;
}

// Reserved, not used, until touched.
static const std::size_t stack_size = std::size_t(256) << 20;

inline void enter() {
    coroutine *self = shared().running;
    self->body();
    self->ended = true;
    // Ends by a switch, never by a return: there is nothing below this function on its stack.
    swapcontext(&self->context, &shared().scheduler);
}

// Something was read or written: a process that waits may go on.
inline void moved() { ++shared().moves; }

// Lets the others run.
inline void wait(const char *stream, const char *what) {
    coroutine *self = shared().running;
    if (!self) {
        std::fprintf(stderr, "stream %s: no %s, and no process is running\n", stream, what);
        std::exit(3);
    }
    self->stream = stream;
    self->what = what;
    swapcontext(&self->context, &shared().scheduler);
}

inline void start(const std::function<void()> &body) {
    coroutine *c = new coroutine();
    c->body = body;
    c->ended = false;
    c->children = 0;
    c->parent = shared().running;
    if (c->parent) {
        ++c->parent->children;
    }
    c->stack = mmap(0, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->stack == MAP_FAILED) {
        std::perror("the stack of a process");
        std::exit(2);
    }
    getcontext(&c->context);
    c->context.uc_stack.ss_sp = c->stack;
    c->context.uc_stack.ss_size = stack_size;
    c->context.uc_link = 0;
    makecontext(&c->context, enter, 0);
    shared().all.push_back(c);
}

// Runs every process that was started to its end; inside a process, those that it started.
inline void finish() {
    state &s = shared();
    if (s.running) {
        while (s.running->children > 0) {
            wait("of its own", "the end of its processes");
        }
        return;
    }
    while (!s.all.empty()) {
        const unsigned long before = s.moves;
        std::vector<coroutine *> left;
        // Those that start meanwhile are put at the end, and have their turn.
        for (std::size_t i = 0; i < s.all.size(); ++i) {
            coroutine *c = s.all[i];
            s.running = c;
            swapcontext(&s.scheduler, &c->context);
            s.running = 0;
            if (c->ended) {
                if (c->parent) {
                    --c->parent->children;
                }
                munmap(c->stack, stack_size);
                delete c;
            } else {
                left.push_back(c);
            }
        }
        if (left.size() == s.all.size() && s.moves == before) {
            std::fprintf(stderr, "deadlock: every process waits\n");
            for (std::size_t i = 0; i < left.size(); ++i) {
                std::fprintf(stderr, "  for %s in stream %s\n", left[i]->what, left[i]->stream);
            }
            std::exit(3);
        }
        s.all = left;
    }
}

} // namespace nnet_sim

#endif
