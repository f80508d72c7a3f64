// SPDX-License-Identifier: GPL-2.0
/*
 * kexec KERNEL ROOT LINE: load a kernel with an archive for its root and its command
 * line; with no arguments: go there, and shut nothing down before.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(const char *kernel, const char *root, const char *line)
{
	int kernel_fd = open(kernel, O_RDONLY), root_fd = open(root, O_RDONLY);

	if (kernel_fd < 0 || root_fd < 0) {
		perror(kernel_fd < 0 ? kernel : root);
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel_fd, root_fd, strlen(line) + 1, line, 0)) {
		perror("kexec_file_load");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4)
		return load(argv[1], argv[2], argv[3]);
	if (argc != 1) {
		fprintf(stderr, "usage: kexec [KERNEL ROOT LINE]\n");
		return 2;
	}
	reboot(RB_KEXEC);
	perror("reboot");
	return 1;
}
