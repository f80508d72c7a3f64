/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_X86_COPY_MC_STREAM_H
#define _ASM_X86_COPY_MC_STREAM_H

#include <linux/types.h>
#include <asm/asm.h>
#include <asm/barrier.h>

/*
 * Where a load continues that raised an exception, with its number in eax.  In User
 * Mode Linux there is none: the host ends the process.
 */
#ifdef CONFIG_UML
#define COPY_MC_STREAM_FIXUP(insn) "# none for " #insn "\n"
#else
#define COPY_MC_STREAM_FIXUP(insn) \
	_ASM_EXTABLE_TYPE(insn, 9b, EX_TYPE_FAULT_MCE_SAFE)
#endif

/**
 * copy_mc_stream - copy without caching the destination; survives a bad source
 * @dst: Destination, aligned to 64 bytes.
 * @src: Source, aligned likewise.
 * @len: Number of bytes, a multiple of 64, not 0.
 * @trap: Set to the exception that ended the copy: X86_TRAP_MC for bad memory.
 *
 * Non-temporal stores of general registers, so that no state of the FPU has to be
 * saved.  They are ordered with later stores by copy_mc_stream_fence().
 *
 * Return: number of bytes at the end that were not copied, since reading them
 * raised an exception; 0 if all were.
 */
static __always_inline size_t copy_mc_stream(void *dst, const void *src, size_t len,
					     unsigned int *trap)
{
	unsigned int ax = 0;
	u64 a, b, c, d;

	asm volatile("1:	movq	  (%[src]), %[a]\n"
		     "2:	movq	 8(%[src]), %[b]\n"
		     "3:	movq	16(%[src]), %[c]\n"
		     "4:	movq	24(%[src]), %[d]\n"
		     "	movnti	%[a],   (%[dst])\n"
		     "	movnti	%[b],  8(%[dst])\n"
		     "	movnti	%[c], 16(%[dst])\n"
		     "	movnti	%[d], 24(%[dst])\n"
		     "5:	movq	32(%[src]), %[a]\n"
		     "6:	movq	40(%[src]), %[b]\n"
		     "7:	movq	48(%[src]), %[c]\n"
		     "8:	movq	56(%[src]), %[d]\n"
		     "	movnti	%[a], 32(%[dst])\n"
		     "	movnti	%[b], 40(%[dst])\n"
		     "	movnti	%[c], 48(%[dst])\n"
		     "	movnti	%[d], 56(%[dst])\n"
		     "	addq	$64, %[src]\n"
		     "	addq	$64, %[dst]\n"
		     "	subq	$64, %[len]\n"
		     "	jnz	1b\n"
		     "9:\n"
		     COPY_MC_STREAM_FIXUP(1b) COPY_MC_STREAM_FIXUP(2b)
		     COPY_MC_STREAM_FIXUP(3b) COPY_MC_STREAM_FIXUP(4b)
		     COPY_MC_STREAM_FIXUP(5b) COPY_MC_STREAM_FIXUP(6b)
		     COPY_MC_STREAM_FIXUP(7b) COPY_MC_STREAM_FIXUP(8b)
		     : [dst] "+r" (dst), [src] "+r" (src), [len] "+r" (len), "+a" (ax),
		       [a] "=&r" (a), [b] "=&r" (b), [c] "=&r" (c), [d] "=&r" (d)
		     : : "memory", "cc");
	*trap = ax;
	return len;
}

static inline void copy_mc_stream_fence(void)
{
	/* What was stored past the caches is visible before later stores are. */
	wmb();
}

#endif /* _ASM_X86_COPY_MC_STREAM_H */
