/* XS on a machine with an operating system. */
#ifndef XS_HOST_PLATFORM_H
#define XS_HOST_PLATFORM_H

#if defined(__APPLE__)
	#undef mxMacOSX
	#define mxMacOSX 1
#else
	#undef mxLinux
	#define mxLinux 1
#endif

#include <dlfcn.h>
#include <pthread.h>

#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1

#include "../platform-common.h"

#endif
