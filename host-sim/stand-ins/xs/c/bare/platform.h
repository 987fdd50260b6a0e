/* XS on RV32IMC: one thread, and no access to memory across its alignment. */
#ifndef XS_HOST_PLATFORM_H
#define XS_HOST_PLATFORM_H

/* As the SDK has them for a processor of this kind. */
#define mxUnalignedAccess 0
#define mxMisalignedSettersCrash 1

#include "../platform-common.h"

#endif
