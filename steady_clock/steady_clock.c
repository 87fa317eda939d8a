/*
 * A clock that nobody can set, for Asterisk: loaded before it (LD_PRELOAD).
 *
 * Asterisk asks the machine's wall clock for nearly everything. Here that clock is what the machine's
 * showed once, plus what CLOCK_MONOTONIC has counted since: slewing counts, a step does not. Waits
 * that end at a moment of that clock wait on CLOCK_MONOTONIC.
 *
 * All processes of a node share one clock. It is a file (its path is in EKC_CLOCK) with the
 * nanoseconds from 1970 to the zero of CLOCK_MONOTONIC; adapters/clock.py keeps the same rules:
 *
 * Rule 1: whoever lives by the clock holds a shared lock (flock) on the file.
 * Rule 2: who finds it locked by nobody writes it anew. So the clock stays the same while anybody
 *         lives by it, and is the machine's again after a restart of all, or of the machine.
 * Rule 3: children have the machine's clock: we take ourselves out of LD_PRELOAD, and nobody else.
 * Rule 4: nothing here locks, allocates or fails once the program runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define ATTEMPTS 100

typedef int clock_reader(clockid_t, struct timespec *);

#define WORDS (sizeof(pthread_cond_t) / sizeof(unsigned))

union condition {
    pthread_cond_t condition;
    unsigned words[WORDS];
};

/* Set before the program has threads, and never again. */
static clock_reader *machine_gettime;
static int64_t base_ns; /* of the zero of CLOCK_MONOTONIC, since 1970 */
static size_t clock_word; /* of a condition variable */
static unsigned clock_bit;
static bool is_ready;

static int64_t ns_of(struct timespec moment) { return moment.tv_sec * NS_PER_S + moment.tv_nsec; }

static int64_t machine_ns(clockid_t clock)
{
    struct timespec moment;
    machine_gettime(clock, &moment);
    return ns_of(moment);
}

/* Between two readings there may be a pause; the narrowest of a few is believed. */
static int64_t base_by_the_machine(void)
{
    int64_t base = 0, narrowest = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        int64_t before = machine_ns(CLOCK_MONOTONIC);
        int64_t wall = machine_ns(CLOCK_REALTIME);
        int64_t after = machine_ns(CLOCK_MONOTONIC);
        if (after - before < narrowest) {
            narrowest = after - before;
            base = wall - before - narrowest / 2;
        }
    }
    return base;
}

static bool write_base(int file)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%" PRId64 "\n", base_by_the_machine());
    return ftruncate(file, 0) == 0 && pwrite(file, text, (size_t)length, 0) == length;
}

static bool read_base(int file)
{
    char text[32] = "";
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    if (length <= 1 || text[length - 1] != '\n') {
        return false; /* who was writing it died */
    }
    char *end;
    base_ns = strtoll(text, &end, 10);
    return *end == '\n';
}

/* The file stays open, and locked, for as long as the process lives; errno tells why not. */
static bool share_base(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file < 0) {
        return false;
    }
    for (int i = 0; i < ATTEMPTS; i++) {
        /* An exclusive lock becomes a shared one in two steps: hence it is read in any case. */
        bool is_first = flock(file, LOCK_EX | LOCK_NB) == 0;
        if ((is_first && !write_base(file)) || flock(file, LOCK_SH) != 0) {
            break;
        }
        errno = ENODATA;
        if (read_base(file)) {
            return true;
        }
        flock(file, LOCK_UN);
    }
    int why = errno;
    close(file);
    errno = why;
    return false;
}

static void condition_with_clock(union condition *made, clockid_t clock)
{
    pthread_condattr_t attributes;
    memset(made, 0, sizeof *made);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, clock);
    pthread_cond_init(&made->condition, &attributes);
}

/* Learns which bit of a condition variable says that its waits are timed by CLOCK_MONOTONIC: it is
   the flag `__wrefs & 2` of nptl/pthread_cond_common.c, but glibc 2.41 moved the word. */
static bool learn_the_clock_of_conditions(void)
{
    union condition wall, monotonic;
    condition_with_clock(&wall, CLOCK_REALTIME);
    condition_with_clock(&monotonic, CLOCK_MONOTONIC);
    int differences = 0;
    for (size_t i = 0; i < WORDS; i++) {
        if (wall.words[i] != monotonic.words[i]) {
            clock_word = i;
            clock_bit = wall.words[i] ^ monotonic.words[i];
            differences++;
        }
    }
    bool is_one_bit = (clock_bit & (clock_bit - 1)) == 0;
    return differences == 1 && is_one_bit && (monotonic.words[clock_word] & clock_bit);
}

static bool is_on_monotonic(const pthread_cond_t *condition)
{
    const unsigned *words = ((const union condition *)condition)->words;
    return __atomic_load_n(&words[clock_word], __ATOMIC_RELAXED) & clock_bit;
}

static void leave_preload(void)
{
    Dl_info ours;
    const char *preload = getenv("LD_PRELOAD");
    char *left = preload ? calloc(1, strlen(preload) + 1) : NULL, *list = left ? strdup(preload) : NULL;
    if (!list || !dladdr((void *)leave_preload, &ours)) {
        return;
    }
    for (char *at, *entry = strtok_r(list, ": ", &at); entry; entry = strtok_r(NULL, ": ", &at)) {
        if (strcmp(entry, ours.dli_fname) != 0) {
            strcat(strcat(left, *left ? ":" : ""), entry);
        }
    }
    *left ? setenv("LD_PRELOAD", left, 1) : unsetenv("LD_PRELOAD");
    free(left);
    free(list);
}

/* Other libraries' constructors may ask for the time before ours has run; there are no threads yet. */
__attribute__((constructor)) static void begin(void)
{
    if (is_ready) {
        return;
    }
    machine_gettime = (clock_reader *)dlsym(RTLD_NEXT, "clock_gettime");
    if (!learn_the_clock_of_conditions()) {
        fputs("steady_clock: found a C library whose condition variables do not tell their clock;"
              " expected a glibc from 2.34 on. Do not load this library (LD_PRELOAD) here.\n", stderr);
        exit(78); /* EX_CONFIG */
    }
    const char *path = getenv("EKC_CLOCK");
    bool is_shared = path && share_base(path);
    if (!is_shared) {
        base_ns = base_by_the_machine();
    }
    if (path && !is_shared) {
        fprintf(stderr, "steady_clock: EKC_CLOCK: %s cannot be used: %s. Expected a file that this"
                        " user can write, in a folder that exists. The clock is steady, but not the"
                        " engine's.\n", path, strerror(errno));
    }
    is_ready = true;
    leave_preload();
}

static void add_base(struct timespec *moment)
{
    int64_t ns = moment->tv_nsec + base_ns % NS_PER_S;
    moment->tv_sec += base_ns / NS_PER_S + ns / NS_PER_S;
    moment->tv_nsec = ns % NS_PER_S;
}

/* A moment of our wall clock on CLOCK_MONOTONIC; one that is none stays so, for the callee to refuse. */
static struct timespec on_monotonic(const struct timespec *wall)
{
    struct timespec moment = *wall;
    if (moment.tv_nsec < 0 || moment.tv_nsec >= NS_PER_S) {
        return moment;
    }
    moment.tv_sec -= base_ns / NS_PER_S;
    moment.tv_nsec -= base_ns % NS_PER_S;
    if (moment.tv_nsec < 0) {
        moment.tv_nsec += NS_PER_S;
        moment.tv_sec--;
    }
    return moment.tv_sec < 0 ? (struct timespec){0} : moment;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!is_ready) {
        begin();
    }
    bool is_coarse = clock == CLOCK_REALTIME_COARSE;
    if (clock != CLOCK_REALTIME && !is_coarse) {
        return machine_gettime(clock, now);
    }
    int failed = machine_gettime(is_coarse ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC, now);
    if (!failed) {
        add_base(now);
    }
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME, &moment);
    now->tv_sec = moment.tv_sec;
    now->tv_usec = moment.tv_nsec / 1000;
    if (zone) {
        memset(zone, 0, sizeof(struct timezone)); /* as glibc does */
    }
    return 0;
}

time_t time(time_t *now)
{
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME_COARSE, &moment);
    if (now) {
        *now = moment.tv_sec;
    }
    return moment.tv_sec;
}

int timespec_get(struct timespec *now, int kind)
{
    return kind == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? kind : 0;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    struct timespec moment = is_on_monotonic(condition) ? *until : on_monotonic(until);
    return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &moment);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until)
{
    struct timespec moment = on_monotonic(until);
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &moment);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict until)
{
    struct timespec moment = on_monotonic(until);
    return pthread_rwlock_clockrdlock(lock, CLOCK_MONOTONIC, &moment);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict until)
{
    struct timespec moment = on_monotonic(until);
    return pthread_rwlock_clockwrlock(lock, CLOCK_MONOTONIC, &moment);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
    struct timespec moment = on_monotonic(until);
    return sem_clockwait(semaphore, CLOCK_MONOTONIC, &moment);
}
