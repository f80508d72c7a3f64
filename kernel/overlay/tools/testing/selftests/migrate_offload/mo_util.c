// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"
#include "mo_util.h"

#define MO_MAX_SAVED	64
#define PM_PRESENT	(1ULL << 63)
#define PM_PFN_MASK	((1ULL << 55) - 1)

int mo_nodes[2];
size_t mo_page_size;
size_t mo_pmd_size;

static struct {
	char path[256];
	char value[128];
} saved[MO_MAX_SAVED];
static unsigned int nr_saved;

static const struct mo_variant *current;

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
	return strcmp(migrator, "test") ? migrator : "migrate_offload_test";
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
	return err;
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
	err = mo_write(path, value, strlen(value));
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
	char threads[16], bytes[16];

	if (variant->threads > 1 && mo_online_cpus() < 2)
		return "needs a second CPU";
	if (strcmp(variant->migrator, "kernel") && mo_load(variant->migrator))
		return "no such migrator";

	snprintf(threads, sizeof(threads), "%u", variant->threads);
	snprintf(bytes, sizeof(bytes), "%zu", mo_page_size);
	if (mo_put(MO_SYSFS "offload_migrator", "kernel") ||
	    mo_put(MO_SYSFS "min_batch_bytes", "0") ||
	    mo_put(MO_SYSFS "file_folios", "0"))
		return "cannot write to " MO_SYSFS;
	if (variant->threads &&
	    (mo_putf(threads, MO_SYSFS "%s/threads", variant->migrator) ||
	     mo_putf(bytes, MO_SYSFS "%s/min_bytes_per_worker",
		     variant->migrator) ||
	     mo_putf("0", MO_SYSFS "%s/idle_only", variant->migrator)))
		return "cannot set the threads of the migrator";
	if (variant->mode &&
	    mo_putf(variant->mode, MO_SYSFS "%s/mode", variant->migrator))
		return "cannot set the mode of the migrator";
	if (mo_put(MO_SYSFS "offload_migrator", variant->migrator))
		return "cannot select the migrator";
	current = variant;
	return NULL;
}

/* How many of @nr eligible folios, or bytes, will the migrator in use copy? */
size_t mo_expect(size_t nr)
{
	return strcmp(current->migrator, "kernel") ? nr : 0;
}

/* The same for a batch of one page, which several workers cannot share. */
size_t mo_expect_single(void)
{
	return current->threads > 1 ? 0 : mo_expect(1);
}

/*
 * What the migrator in use has copied; with "kernel" that of another one, which
 * must not rise.
 */
static long long copied(const char *stat)
{
	const char *name = current->migrator;

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

uint64_t mo_word(uint64_t addr, uint64_t gen)
{
	return (addr + 1) * 0x9e3779b97f4a7c15ULL ^ gen * 0xc2b2ae3d27d4eb4fULL;
}

void mo_fill(void *mem, size_t len, uint64_t base, uint64_t gen)
{
	uint64_t *words = mem;

	for (size_t i = 0; i < len / sizeof(*words); i++)
		words[i] = mo_word(base + i * sizeof(*words), gen);
}

/**
 * mo_check - is all the data that mo_fill() wrote still there?
 *
 * Return: MO_GOOD, or the offset of the first wrong word.
 */
size_t mo_check(const void *mem, size_t len, uint64_t base, uint64_t gen)
{
	const uint64_t *words = mem;

	for (size_t i = 0; i < len / sizeof(*words); i++) {
		uint64_t want = mo_word(base + i * sizeof(*words), gen);
		uint64_t got = words[i];

		if (got == want)
			continue;
		ksft_print_msg("%p + %#zx: is %#llx, should be %#llx%s\n",
			       mem, i * sizeof(*words), (unsigned long long)got,
			       (unsigned long long)want,
			       got == mo_word(base + i * sizeof(*words), gen - 1) ?
			       " (one generation old)" : "");
		return i * sizeof(*words);
	}
	return MO_GOOD;
}

/* Allocate from @node from now on; from anywhere for a negative one. */
int mo_bind(int node)
{
	unsigned long mask[16] = {};

	if (node < 0)
		return syscall(__NR_set_mempolicy, MPOL_DEFAULT, NULL, 0);
	mask[node / 64] = 1UL << (node % 64);
	return syscall(__NR_set_mempolicy, MPOL_BIND, mask, sizeof(mask) * 8);
}

char *mo_map_aligned(size_t len, size_t align, int prot)
{
	char *mem = mmap(NULL, len + align, prot,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	if (mem == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)mem & (align - 1);
	if (head)
		munmap(mem, head);
	munmap(mem + head + len, align - head);
	return mem + head;
}

static void scan_page(struct mo_region *r, size_t page, uint64_t entry, int fd)
{
	static uint64_t prev;
	uint64_t pfn = entry & PM_PFN_MASK, flags = 0;

	pread(fd, &flags, sizeof(flags), pfn * sizeof(flags));
	if (r->nr && (flags & KPF_COMPOUND_TAIL) && pfn == prev + 1) {
		r->pages[r->nr - 1]++;
	} else {
		r->addrs[r->nr] = r->mem + page * mo_page_size;
		r->pages[r->nr] = 1;
		r->flags[r->nr++] = flags;
	}
	prev = pfn;
}

/**
 * mo_scan - find the folios that are mapped in a region
 * @r: The region; all but @mem and @len is set, also @base if it was 0.
 *
 * Return: 0 or a negative errno.
 */
int mo_scan(struct mo_region *r)
{
	size_t nr_pages = r->len / mo_page_size;
	uint64_t *entries = calloc(nr_pages, sizeof(*entries));
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	off_t offset = (uintptr_t)r->mem / mo_page_size * sizeof(*entries);
	ssize_t size = nr_pages * sizeof(*entries);
	int err = 0;

	free(r->addrs);
	free(r->pages);
	free(r->flags);
	free(r->status);
	r->nr = 0;
	r->addrs = calloc(nr_pages, sizeof(*r->addrs));
	r->pages = calloc(nr_pages, sizeof(*r->pages));
	r->flags = calloc(nr_pages, sizeof(*r->flags));
	r->status = calloc(nr_pages, sizeof(*r->status));
	if (!r->base)
		r->base = (uintptr_t)r->mem;

	if (pagemap < 0 || kpageflags < 0 ||
	    pread(pagemap, entries, size, offset) != size)
		err = -EIO;
	for (size_t i = 0; !err && i < nr_pages; i++)
		if (entries[i] & PM_PRESENT)
			scan_page(r, i, entries[i], kpageflags);
	close(pagemap);
	close(kpageflags);
	free(entries);
	return err;
}

void mo_free(struct mo_region *r)
{
	free(r->addrs);
	free(r->pages);
	free(r->flags);
	free(r->status);
	if (r->mem)
		munmap(r->mem, r->len);
	memset(r, 0, sizeof(*r));
}

long mo_move_array(size_t nr, void **addrs, const int *nodes, int *status,
		   int flags)
{
	long rc;

	for (size_t i = 0; nodes && i < nr; i++)
		status[i] = MO_UNTOUCHED;
	rc = syscall(__NR_move_pages, 0, nr, addrs, nodes, status, flags);
	return rc < 0 ? -errno : rc;
}

/**
 * mo_move - move all folios of a region
 * @r: The region.
 * @node: Where to.
 * @flags: MPOL_MF_MOVE or MPOL_MF_MOVE_ALL.
 *
 * Return: what move_pages() returned, or a negative errno.
 */
long mo_move(struct mo_region *r, int node, int flags)
{
	int *nodes = calloc(r->nr, sizeof(*nodes));
	long rc;

	for (size_t i = 0; i < r->nr; i++)
		nodes[i] = node;
	rc = mo_move_array(r->nr, r->addrs, nodes, r->status, flags);
	free(nodes);
	return rc;
}

/**
 * mo_on_node - how many folios of a region are on a node?
 *
 * Asks move_pages() where each of them really is; @r->status has the answers.
 */
size_t mo_on_node(struct mo_region *r, int node)
{
	size_t found = 0;

	if (mo_move_array(r->nr, r->addrs, NULL, r->status, 0))
		return 0;
	for (size_t i = 0; i < r->nr; i++)
		found += r->status[i] == node;
	return found;
}

bool mo_all_pages(const struct mo_region *r, unsigned int pages)
{
	for (size_t i = 0; i < r->nr; i++)
		if (r->pages[i] != pages)
			return false;
	return r->nr;
}

bool mo_all_flags(const struct mo_region *r, uint64_t flags)
{
	for (size_t i = 0; i < r->nr; i++)
		if ((r->flags[i] & flags) != flags)
			return false;
	return r->nr;
}
