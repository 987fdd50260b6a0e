/** What a program on Node may take; far above any device, and far below what would hurt the computer. */

/** Of V8's heap, in MB. */
export const HEAP_MB_MAX = 256;
/** Of the whole process, in bytes. */
export const RSS_MAX = 1024 * 1024 * 1024;
/** The signal by which the watchdog ends a process that takes more; V8 ends itself by it as well. */
export const OUT_OF_MEMORY = "SIGABRT";
