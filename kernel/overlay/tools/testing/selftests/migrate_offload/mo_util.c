// SPDX-License-Identifier: GPL-2.0
/*
 * Set-up, control files and migrators.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"
#include "mo_util.h"

#define MO_MAX_SAVED	64

int mo_nodes[2];
size_t mo_page_size;
size_t mo_pmd_size;

static struct {
	char path[256];
	char value[128];
} saved[MO_MAX_SAVED];
static unsigned int nr_saved;

static const struct mo_variant *current;
/* The variant of $MO_MIGRATOR. */
static struct mo_variant by_name;

/* Parses a list like "0-1,3". */
static int find_nodes(void)
{
	char buf[256], *p = buf;
	int found = 0;

	if (mo_read("/sys/devices/system/node/has_memory", buf, sizeof(buf)) < 0)
		return 0;
	while (*p && found < 2) {
		long first = strtol(p, &p, 10), last = first;

		if (*p == '-')
			last = strtol(p + 1, &p, 10);
		for (; first <= last && found < 2; first++)
			mo_nodes[found++] = first;
		if (*p != ',')
			break;
		p++;
	}
	return found;
}

/**
 * mo_require - exit unless this machine can run the tests
 */
void mo_require(void)
{
	mo_page_size = sysconf(_SC_PAGESIZE);
	/* A page of page table entries, on 64-bit. */
	mo_pmd_size = mo_page_size * mo_page_size / 8;

	if (find_nodes() < 2)
		ksft_exit_skip("needs two nodes with memory\n");
	if (geteuid())
		ksft_exit_skip("needs root\n");
	if (access(MO_SYSFS "offload_migrator", F_OK))
		ksft_exit_skip("this kernel has no migration offload\n");
}

int mo_online_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

bool mo_have(const char *migrator)
{
	char path[256];

	snprintf(path, sizeof(path), MO_SYSFS "%s/stats", migrator);
	return !access(path, F_OK);
}

static const char *module_of(const char *migrator)
{
	if (!strcmp(migrator, "test"))
		return "migrate_offload_test";
	if (!strcmp(migrator, "engine"))
		return "migrate_offload_engine";
	if (!strcmp(migrator, "padata"))
		return "migrate_padata";
	return migrator;
}

static int run_modprobe(const char *option, const char *module)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execlp("modprobe", "modprobe", option, module, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return status ? -ENOENT : 0;
}

/**
 * mo_load - have a migrator
 * @migrator: Its name.
 *
 * The module comes from the directory $MO_MODULES, or through modprobe.
 *
 * Return: 0 or a negative errno.
 */
int mo_load(const char *migrator)
{
	const char *dir = getenv("MO_MODULES");
	char path[4096];
	int fd, err;

	if (mo_have(migrator))
		return 0;
	if (!dir)
		return run_modprobe("-q", module_of(migrator));

	snprintf(path, sizeof(path), "%s/%s.ko", dir, module_of(migrator));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = syscall(__NR_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return err == -EEXIST ? 0 : err;
}

int mo_unload(const char *migrator)
{
	return syscall(__NR_delete_module, module_of(migrator), O_NONBLOCK) ?
		-errno : 0;
}

/**
 * mo_write - write a value in one call
 * @path: The file.
 * @value: The value; may hold any byte.
 * @len: Its length.
 *
 * Return: 0 or a negative errno; -EIO when only a part was taken.
 */
int mo_write(const char *path, const char *value, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;
	int err = 0;

	if (fd < 0)
		return -errno;
	done = write(fd, value, len);
	if (done < 0)
		err = -errno;
	else if ((size_t)done != len)
		err = -EIO;
	close(fd);
	return err;
}

/* mo_write() of a string. */
int mo_set(const char *path, const char *value)
{
	return mo_write(path, value, strlen(value));
}

/**
 * mo_read - read a value, without the newline at its end
 * @path: The file.
 * @buf: Where it goes, as a string.
 * @size: Size of @buf.
 *
 * Return: length of the string or a negative errno.
 */
int mo_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	if (len < 0)
		len = -errno;
	close(fd);
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	if (len >= 0)
		buf[len] = '\0';
	return len;
}

long long mo_get(const char *path)
{
	char buf[64];
	int err = mo_read(path, buf, sizeof(buf));

	return err < 0 ? err : strtoll(buf, NULL, 0);
}

long long mo_getf(const char *path_fmt, ...)
{
	char path[256];
	va_list args;

	va_start(args, path_fmt);
	vsnprintf(path, sizeof(path), path_fmt, args);
	va_end(args);
	return mo_get(path);
}

/* "always [madvise] never" is madvise. */
static void unbracket(char *value)
{
	char *start = strchr(value, '[');
	char *end = start ? strchr(start, ']') : NULL;

	if (!end)
		return;
	memmove(value, start + 1, end - start - 1);
	value[end - start - 1] = '\0';
}

/* Name of the selected migrator. */
int mo_selected(char *buf, size_t size)
{
	int err = mo_read(MO_SYSFS "offload_migrator", buf, size);

	if (err >= 0)
		unbracket(buf);
	return err;
}

int mo_put(const char *path, const char *value)
{
	int err;

	if (nr_saved == MO_MAX_SAVED)
		return -ENOSPC;
	err = mo_read(path, saved[nr_saved].value, sizeof(saved[0].value));
	if (err < 0)
		return err;
	err = mo_set(path, value);
	if (err)
		return err;
	unbracket(saved[nr_saved].value);
	snprintf(saved[nr_saved].path, sizeof(saved[0].path), "%s", path);
	nr_saved++;
	return 0;
}

int mo_putf(const char *value, const char *path_fmt, ...)
{
	char path[256];
	va_list args;

	va_start(args, path_fmt);
	vsnprintf(path, sizeof(path), path_fmt, args);
	va_end(args);
	return mo_put(path, value);
}

/* Take back what mo_put() wrote, the last one first. */
void mo_restore(void)
{
	while (nr_saved) {
		nr_saved--;
		mo_write(saved[nr_saved].path, saved[nr_saved].value,
			 strlen(saved[nr_saved].value));
	}
}

long long mo_stat(const char *migrator, const char *stat)
{
	char path[256];

	snprintf(path, sizeof(path), MO_SYSFS "%s/stats/%s", migrator, stat);
	return mo_get(path);
}

static int use_threads(const struct mo_variant *variant)
{
	const char *name = variant->migrator;
	char threads[16], bytes[16];

	snprintf(threads, sizeof(threads), "%u", variant->threads);
	snprintf(bytes, sizeof(bytes), "%zu", mo_page_size);
	if (mo_putf(threads, MO_SYSFS "%s/threads", name) ||
	    mo_putf(bytes, MO_SYSFS "%s/min_bytes_per_worker", name))
		return -1;
	/* The threads of others run wherever they are. */
	return strcmp(name, "mtcopy") ? 0 :
	       mo_putf("0", MO_SYSFS "%s/idle_only", name);
}

static int use_channels(const struct mo_variant *variant)
{
	const char *name = variant->migrator;
	char channels[16], bytes[16];

	snprintf(channels, sizeof(channels), "%u", variant->channels);
	snprintf(bytes, sizeof(bytes), "%zu", mo_page_size);
	/* An engine of an emulated machine may be slow; it is not late for that. */
	return mo_putf("60000", MO_SYSFS "%s/timeout_ms", name) ||
	       mo_putf(channels, MO_SYSFS "%s/channels", name) ||
	       mo_putf(bytes, MO_SYSFS "%s/min_bytes_per_channel", name) ||
	       mo_putf(variant->unverified ? "0" : "1", MO_SYSFS "%s/verify", name);
}

/* Those of the engine in software, or the machine's where there is no such. */
static bool have_channels(void)
{
	glob_t found = {};
	bool any;

	if (!mo_load("engine"))
		return true;
	any = !glob("/sys/class/dma/*", GLOB_NOSORT, NULL, &found);
	globfree(&found);
	return any;
}

/**
 * mo_use - select a migrator for the rest of the test
 * @variant: The migrator and its settings.
 *
 * Everything is offered to it: small batches, too, and busy CPUs help.
 *
 * Return: why that is not possible, or NULL.
 */
const char *mo_use(const struct mo_variant *variant)
{
	if (!variant->migrator) {
		by_name.migrator = getenv("MO_MIGRATOR");
		if (!by_name.migrator)
			return "MO_MIGRATOR names no migrator";
		variant = &by_name;
	}
	if (variant->threads > 1 && mo_online_cpus() < 2)
		return "needs a second CPU";
	if (strcmp(variant->migrator, "kernel") && mo_load(variant->migrator))
		return "no such migrator";
	if (variant->channels && !have_channels())
		return "no DMA engine";

	if (mo_put(MO_SYSFS "offload_migrator", "kernel") ||
	    mo_put(MO_SYSFS "min_batch_bytes", "0") ||
	    mo_put(MO_SYSFS "file_folios", "0"))
		return "cannot write to " MO_SYSFS;
	if (variant->threads && use_threads(variant))
		return "cannot set the threads of the migrator";
	if (variant->channels && use_channels(variant))
		return "cannot set the channels of the migrator";
	if (variant->mode &&
	    mo_putf(variant->mode, MO_SYSFS "%s/mode", variant->migrator))
		return "cannot set the mode of the migrator";
	if (variant->copy_mode &&
	    mo_putf(variant->copy_mode, MO_SYSFS "%s/copy_mode", variant->migrator))
		return "no such way to copy here";
	if (mo_put(MO_SYSFS "offload_migrator", variant->migrator))
		return "cannot select the migrator";
	current = variant;
	return NULL;
}

/* Return how many of @nr eligible folios, or bytes, the migrator in use copies. */
size_t mo_expect(size_t nr)
{
	if (current == &by_name)
		return 0;
	return strcmp(current->migrator, "kernel") ? nr : 0;
}

/* The same for a batch of one page, which several workers cannot share. */
size_t mo_expect_single(void)
{
	return current->threads > 1 ? 0 : mo_expect(1);
}

/*
 * Return what the migrator in use has copied; with "kernel" the counter of another
 * migrator, which must not rise.  See &mo_variant.migrator for the 0.
 */
static long long copied(const char *stat)
{
	const char *name = current->migrator;

	if (current == &by_name)
		return 0;
	if (!strcmp(name, "kernel"))
		name = "mtcopy";
	return mo_have(name) ? mo_stat(name, stat) : 0;
}

long long mo_copied(void)
{
	return copied("folios");
}

long long mo_copied_bytes(void)
{
	return copied("bytes");
}

/* Return how many batches the migrator of $MO_MIGRATOR was given; -1 with others. */
long long mo_batches(void)
{
	return current == &by_name ? mo_stat(current->migrator, "batches") : -1;
}
