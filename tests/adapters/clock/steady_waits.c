/*
 * Waits as Asterisk does, for the test of the steady clock; says what it sees, a line each.
 *
 *   steady_waits SHIFT_FILE SHIFT
 *
 * In the middle of everything it sets its clock, by writing SHIFT where libfaketime reads it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 300000000L

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t on_wall = PTHREAD_COND_INITIALIZER, on_monotonic;

static double shown(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct timespec soon(clockid_t clock)
{
    struct timespec until;
    clock_gettime(clock, &until);
    until.tv_nsec += WAIT_NS;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return until;
}

static void wait_for_condition(pthread_cond_t *condition, clockid_t clock)
{
    struct timespec until = soon(clock);
    pthread_mutex_lock(&mutex);
    while (pthread_cond_timedwait(condition, &mutex, &until) == 0) {
    }
    pthread_mutex_unlock(&mutex);
}

static void condition_on_wall(void) { wait_for_condition(&on_wall, CLOCK_REALTIME); }
static void condition_on_monotonic(void) { wait_for_condition(&on_monotonic, CLOCK_MONOTONIC); }

static void semaphore(void)
{
    sem_t never;
    struct timespec until = soon(CLOCK_REALTIME);
    sem_init(&never, 0, 0);
    sem_timedwait(&never, &until);
}

/* Its own thread holds the lock: the C library would call a second lock by the same one a deadlock. */
static pthread_rwlock_t held = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t held_mutex = PTHREAD_MUTEX_INITIALIZER;
static void *hold(void *unused)
{
    pthread_rwlock_wrlock(&held);
    pthread_mutex_lock(&held_mutex);
    return unused;
}

static void reading(void)
{
    struct timespec until = soon(CLOCK_REALTIME);
    pthread_rwlock_timedrdlock(&held, &until);
}

static void writing(void)
{
    struct timespec until = soon(CLOCK_REALTIME);
    pthread_rwlock_timedwrlock(&held, &until);
}

static void exclusion(void)
{
    struct timespec until = soon(CLOCK_REALTIME);
    pthread_mutex_timedlock(&held_mutex, &until);
}

static void told(const char *what, void wait(void))
{
    double before = shown(CLOCK_MONOTONIC);
    wait();
    printf("%s %.3f\n", what, shown(CLOCK_MONOTONIC) - before);
}

static void see(double began)
{
    struct timeval of_day;
    struct timespec of_standard;
    gettimeofday(&of_day, NULL);
    timespec_get(&of_standard, TIME_UTC);
    printf("clock_gettime %.3f\n", shown(CLOCK_REALTIME) - began);
    printf("coarse %.3f\n", shown(CLOCK_REALTIME_COARSE) - began);
    printf("gettimeofday %.3f\n", (double)of_day.tv_sec + (double)of_day.tv_usec / 1e6 - began);
    printf("timespec_get %.3f\n", (double)of_standard.tv_sec + (double)of_standard.tv_nsec / 1e9 - began);
    printf("time %.3f\n", (double)time(NULL) - began);
}

static void set(const char *file, const char *shift)
{
    FILE *to = fopen(file, "w");
    fprintf(to, "%s\n", shift);
    fclose(to);
    /* libfaketime looks when more than a second is over, by whole seconds. */
    usleep(2200000);
    time(NULL);
}

int main(int count, char **words)
{
    pthread_condattr_t attributes;
    pthread_t holder;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&on_monotonic, &attributes);
    pthread_create(&holder, NULL, hold, NULL);
    pthread_join(holder, NULL);
    double began = shown(CLOCK_REALTIME) - shown(CLOCK_MONOTONIC);
    if (count == 3) {
        set(words[1], words[2]);
    }
    see(began + shown(CLOCK_MONOTONIC));
    told("condition_on_wall", condition_on_wall);
    told("condition_on_monotonic", condition_on_monotonic);
    told("semaphore", semaphore);
    told("reading", reading);
    told("writing", writing);
    told("exclusion", exclusion);
    const char *preload = getenv("LD_PRELOAD");
    printf("preload %s\n", preload ? preload : "");
    return fflush(stdout);
}
