/* What makes a function visible outside its library. */
#ifndef PI_EXPORT_H
#define PI_EXPORT_H
#if defined(_WIN32)
#define PI_EXPORT __declspec(dllexport)
#else
#define PI_EXPORT __attribute__((visibility("default"), used))
#endif
#endif
