// SPDX-License-Identifier: GPL-2.0
/*
 * A thread that uses the pages while they move.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pattern.h"
#include "toucher.h"

#define QUIET_TOUCHES	20000
#define MIN_FLOOR	1e-6
#define MAX_LONG	(1 << 18)

struct long_touch {
	double start;
	double end;
	bool preempted;
};

struct toucher {
	struct buffer *b;
	size_t pages;
	size_t page_words;
	uint32_t *touches;	/* of each page, since the last start */
	uint64_t seed;
	double floor;
	size_t wrong;
	pthread_t thread;
	atomic_bool running;
	atomic_bool stop;
	struct long_touch *long_touches;
	size_t nr_long;
	long slept;		/* voluntary switches of the thread so far */
	long taken;		/* involuntary ones */
};

struct toucher *toucher_new(struct buffer *b)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct toucher *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->b = b;
	t->pages = b->bytes / page;
	t->page_words = page / sizeof(uint64_t);
	t->seed = 88172645463325252ULL;
	t->touches = calloc(t->pages, sizeof(*t->touches));
	t->long_touches = calloc(MAX_LONG, sizeof(*t->long_touches));
	if (!t->touches || !t->long_touches) {
		toucher_free(t);
		return NULL;
	}
	return t;
}

void toucher_free(struct toucher *t)
{
	if (!t)
		return;
	free(t->touches);
	free(t->long_touches);
	free(t);
}

/* xorshift64: a few cycles, and no lock as in random(). */
static size_t next_page(struct toucher *t)
{
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 7;
	t->seed ^= t->seed << 17;
	return t->seed % t->pages;
}

static volatile uint64_t *word_of(struct toucher *t, size_t page)
{
	return (volatile uint64_t *)t->b->base + page * t->page_words;
}

static uint64_t expected(struct toucher *t, size_t page)
{
	return pattern_word(page * t->page_words, t->b->generation) +
	       t->touches[page];
}

/* The load waits when the page is under way; the store tests that it may write. */
static void touch(struct toucher *t, double *start, double *end)
{
	size_t page = next_page(t);
	volatile uint64_t *word = word_of(t, page);
	uint64_t want = expected(t, page), found;

	*start = now_seconds();
	found = *word;
	*word = want + 1;
	*end = now_seconds();
	t->touches[page]++;
	if (found != want)
		t->wrong++;
}

/*
 * A thread that waits for a page sleeps; one that lost its CPU in the middle
 * of a touch does not. Only a long touch pays for asking.
 */
static bool was_preempted(struct toucher *t)
{
	struct rusage now;
	bool preempted;

	getrusage(RUSAGE_THREAD, &now);
	preempted = now.ru_nvcsw == t->slept && now.ru_nivcsw > t->taken;
	t->slept = now.ru_nvcsw;
	t->taken = now.ru_nivcsw;
	return preempted;
}

static void touch_and_note(struct toucher *t)
{
	struct long_touch l;

	touch(t, &l.start, &l.end);
	if (l.end - l.start < t->floor || t->nr_long == MAX_LONG)
		return;
	l.preempted = was_preempted(t);
	t->long_touches[t->nr_long++] = l;
}

static void *touch_all_the_time(void *arg)
{
	struct toucher *t = arg;

	was_preempted(t);
	touch_and_note(t);
	atomic_store(&t->running, true);
	while (!atomic_load_explicit(&t->stop, memory_order_relaxed))
		touch_and_note(t);
	return NULL;
}

/* The pattern must be whole again before it is verified or filled anew. */
static size_t put_words_back(struct toucher *t)
{
	size_t i, wrong = 0;

	for (i = 0; i < t->pages; i++) {
		if (!t->touches[i])
			continue;
		wrong += *word_of(t, i) != expected(t, i);
		t->touches[i] = 0;
		*word_of(t, i) = expected(t, i);
	}
	return wrong;
}

double toucher_calibrate(struct toucher *t)
{
	struct samples quiet = { 0 };
	double start, end;
	int i;

	for (i = 0; i < QUIET_TOUCHES; i++) {
		touch(t, &start, &end);
		samples_add(&quiet, end - start);
	}
	t->floor = 3 * stats_percentile(&quiet, 99);
	if (t->floor < MIN_FLOOR)
		t->floor = MIN_FLOOR;
	samples_free(&quiet);
	put_words_back(t);
	return t->floor;
}

int toucher_start(struct toucher *t)
{
	sigset_t all, old;
	int err;

	t->nr_long = 0;
	t->wrong = 0;
	atomic_store(&t->running, false);
	atomic_store(&t->stop, false);
	/* Settings are restored by the thread that changes them. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(&t->thread, NULL, touch_all_the_time, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return -err;
	while (!atomic_load(&t->running))
		usleep(10);
	return 0;
}

int toucher_stop(struct toucher *t, char why[NOTE_LEN])
{
	size_t wrong;

	atomic_store(&t->stop, true);
	pthread_join(t->thread, NULL);
	wrong = put_words_back(t);
	if (!t->wrong && !wrong)
		return 0;
	snprintf(why, NOTE_LEN, "wrong bytes: %zu touches during the move, %zu words after it",
		 t->wrong, wrong);
	return -EBADMSG;
}

void toucher_collect(const struct toucher *t, const struct move *m,
		     struct waits *w)
{
	const double from = m->start, to = m->start + m->seconds;
	const struct long_touch *l;
	size_t i;

	for (i = 0; i < t->nr_long; i++) {
		l = &t->long_touches[i];
		if (l->end <= from || l->start >= to)
			continue;
		if (l->preempted) {
			w->preempted++;
			continue;
		}
		samples_add(&w->us, (l->end - l->start) * 1e6);
		w->seconds += (l->end < to ? l->end : to) -
			      (l->start > from ? l->start : from);
	}
}
