// SPDX-License-Identifier: GPL-2.0
/*
 * The first process of the test bed's guest: mounts what a job needs, runs the
 * one job that the kernel command line names (job=NAME), and hands its results
 * to the host through three ports, so that nobody has to read them out of the
 * console: virtio ports or, with ports=serial, serial ones behind the console's.
 *
 *   log     what the job prints, as it prints it
 *   result  a tar archive of what it left in /out
 *   status  its exit status, written last; no status means that the guest died
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define BUSYBOX "/bin/busybox"
/* Seconds of the host's limit that are kept to say what hangs, and to leave. */
#define RESERVE 15

static const struct {
	const char *type, *where, *data;
} mounts[] = {
	{ "proc", "/proc", NULL },
	{ "sysfs", "/sys", NULL },
	{ "devtmpfs", "/dev", NULL },
	{ "tmpfs", "/dev/shm", NULL },
	{ "tmpfs", "/tmp", NULL },
	{ "tmpfs", "/out", NULL },
	{ "debugfs", "/sys/kernel/debug", NULL },
	{ "tracefs", "/sys/kernel/tracing", NULL },
	{ "cgroup2", "/sys/fs/cgroup", NULL },
	{ "hugetlbfs", "/dev/hugepages", NULL },
};

static void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("init: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		/* A kernel may lack one of them; the job that needs it says so. */
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0,
			  mounts[i].data) && errno != ENODEV)
			complain("mount %s: %s", mounts[i].where, strerror(errno));
	}
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		complain("%s: %s", path, strerror(errno));
	close(fd);
}

/* Is this virtio port the one that the host calls @name? */
static int port_is(const char *port, const char *name)
{
	char path[300], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", port);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
	return !strcmp(text, name);
}

/* The order is that of testbed/run. */
static int open_serial(const char *name)
{
	const char *path = !strcmp(name, "status") ? "/dev/ttyS1" :
			   !strcmp(name, "result") ? "/dev/ttyS2" : "/dev/ttyS3";
	struct termios raw;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &raw))
		return -1;
	cfmakeraw(&raw);
	tcsetattr(fd, TCSANOW, &raw);
	return fd;
}

/* Opens the virtio port @name, or returns -1. Waits for it: it is hot-plugged. */
static int open_virtio(const char *name)
{
	struct timespec nap = { .tv_nsec = 20 * 1000 * 1000 };

	for (int i = 0; i < 250; i++) {
		DIR *dir = opendir("/sys/class/virtio-ports");
		struct dirent *entry;
		char path[300] = "";

		while (dir && (entry = readdir(dir)))
			if (port_is(entry->d_name, name))
				snprintf(path, sizeof(path), "/dev/%s",
					 entry->d_name);
		if (dir)
			closedir(dir);
		if (path[0])
			return open(path, O_WRONLY | O_CLOEXEC);
		nanosleep(&nap, NULL);
	}
	return -1;
}

static int open_port(const char *name)
{
	const char *ports = getenv("ports");

	return ports && !strcmp(ports, "serial") ? open_serial(name) : open_virtio(name);
}

static pid_t start(char *const argv[], int in, int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setsid();
	if (in >= 0)
		dup2(in, 0);
	if (out >= 0) {
		dup2(out, 1);
		dup2(out, 2);
	}
	execv(BUSYBOX, argv);
	complain("%s: %s", BUSYBOX, strerror(errno));
	_exit(127);
}

static void limit_reached(int sig)
{
	(void)sig;
}

/*
 * Waits for @pid, and buries whatever else dies meanwhile. Returns its exit
 * status, or 124 when the time is up: then the console gets to know what hangs.
 */
static int wait_for(pid_t pid)
{
	int status;

	for (;;) {
		pid_t dead = wait(&status);

		if (dead == pid)
			break;
		if (dead < 0 && errno == EINTR) {
			complain("the time is up; what is blocked, and where the CPUs are:");
			write_file("/proc/sysrq-trigger", "w");
			write_file("/proc/sysrq-trigger", "l");
			kill(-1, SIGKILL);
			return 124;
		}
		if (dead < 0)
			return 125;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void set_limit(void)
{
	struct sigaction action = { .sa_handler = limit_reached };
	const char *limit = getenv("limit");

	sigaction(SIGALRM, &action, NULL);
	if (limit && atoi(limit) > 2 * RESERVE)
		alarm(atoi(limit) - RESERVE);
}

static int run_job(const char *job, int log)
{
	char script[160];
	char *sh[] = { "sh", "-c", script, NULL };
	int console = -1, rc;

	if (!strcmp(job, "shell"))
		log = -1;
	if (log < 0)
		console = open("/dev/console", O_RDWR);
	snprintf(script, sizeof(script), ". /etc/job.env; exec sh /jobs/%s", job);
	set_limit();
	rc = wait_for(start(sh, console, log < 0 ? console : log));
	alarm(0);
	return rc;
}

static int send_results(int result)
{
	char *tar[] = { "tar", "-C", "/out", "-cf", "-", ".", NULL };
	int rc = wait_for(start(tar, -1, result));

	close(result);
	return rc;
}

int main(void)
{
	char *install[] = { "busybox", "--install", "-s", "/bin", NULL };
	const char *job = getenv("job");
	int status_port, result, log, rc;

	mount_all();
	setenv("PATH", "/bin:/sbin", 1);
	setenv("HOME", "/tmp", 1);
	setenv("TERM", "linux", 0);
	wait_for(start(install, -1, -1));

	status_port = open_port("status");
	result = status_port < 0 ? -1 : open_port("result");
	log = result < 0 ? -1 : open_port("log");
	if (log < 0)
		complain("the host gave no ports for results");

	rc = run_job(job ? job : "shell", log);
	if (result >= 0 && send_results(result) && !rc)
		rc = 126;
	if (status_port >= 0) {
		dprintf(status_port, "%d\n", rc);
		/* What a serial port still has to send; closing the result did so. */
		tcdrain(log);
		tcdrain(status_port);
	}

	sync();
	reboot(RB_POWER_OFF);
	complain("cannot power off: %s", strerror(errno));
	return 1;
}
